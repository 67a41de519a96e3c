/* SPDX-License-Identifier: MIT */
/*
 * One file: from bytes to sections and keys.
 *
 * The lines are looked at first: what is not text is refused there, by line. Then each section goes
 * through libini_config on its own, which splits it into keys and values and finds every error of
 * syntax. On its own, because the library looks sections and keys up by walking a list: a file of
 * ten thousand tasks would take half a minute in one piece, and takes a tenth of a second like
 * this.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <ini_configobj.h>

#include "base/fd.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "daemon/config_priv.h"

#define PARSE_ATTEMPTS 4 /* each takes out the lines that the one before complained about */
#define SECTION_HEAD "[s]\n"

/* ---- lines -------------------------------------------------------------------------------- */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static bool starts_comment(char c)
{
	return c == '#' || c == ';';
}

/* Makes a comment of a line, so that it is passed over and the others keep their numbers. */
static void take_out(char *line, size_t length)
{
	memset(line, '#', length);
}

static bool has_control(const char *line, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)line[i];

		if ((c < 0x20 && c != '\t' && !(c == '\r' && i + 1 == length)) || c == 0x7f)
			return true;
	}
	return false;
}

/*
 * Whether an indented line looks like a key, which the library would take for more of the value
 * above: a known key, or a word with a space beside its '='.
 */
static bool is_indented_key(const char *line, size_t length)
{
	char word[64] = "";
	size_t start = 0, end, equals;

	while (start < length && is_blank(line[start]))
		start++;
	for (end = start; end < length && ((line[end] >= 'a' && line[end] <= 'z') ||
					   (end > start && line[end] == '-'));)
		end++;
	for (equals = end; equals < length && is_blank(line[equals]);)
		equals++;
	if (start == 0 || end == start || end - start >= sizeof(word) || equals == length ||
	    line[equals] != '=')
		return false;
	memcpy(word, line + start, end - start);
	return equals > end || (equals + 1 < length && is_blank(line[equals + 1])) ||
	       td_config_key_find(TD_CONFIG_TASK, word) >= 0 ||
	       td_config_key_find(TD_CONFIG_GROUP, word) >= 0 ||
	       td_config_key_find(TD_CONFIG_DAEMON, word) >= 0;
}

/* Whether an indented line looks like one of our section heads. */
static bool is_indented_head(const char *line, size_t length)
{
	size_t start = 0;

	while (start < length && is_blank(line[start]))
		start++;
	line += start;
	length -= start;
	return start > 0 && ((length >= 8 && memcmp(line, "[daemon]", 8) == 0) ||
			     (length >= 7 && memcmp(line, "[group ", 7) == 0) ||
			     (length >= 6 && memcmp(line, "[task ", 6) == 0));
}

static bool is_indented_comment(const char *line, size_t length)
{
	size_t start = 0;

	while (start < length && is_blank(line[start]))
		start++;
	return start > 0 && start < length && starts_comment(line[start]);
}

static bool is_empty(const char *line, size_t length)
{
	while (length > 0 && is_blank(line[length - 1]))
		length--;
	return length == 0;
}

/* What is wrong with a line on its own, or NULL. */
static const char *wrong_with(const char *line, size_t length)
{
	if (memchr(line, '\0', length) != NULL)
		return "a NUL byte: this is not a text file";
	if (!td_utf8_valid(line, length))
		return "invalid UTF-8: configuration files are UTF-8";
	if (has_control(line, length))
		return "a control character";
	if (length > TD_CONFIG_LINE_MAX)
		return "the line is longer than 65536 bytes";
	if (is_indented_comment(line, length))
		return "a comment begins in the first column";
	if (is_indented_head(line, length))
		return "a section begins in the first column; an indented line continues the "
		       "value above it";
	if (is_indented_key(line, length))
		return "a key begins in the first column; an indented line continues the value "
		       "above it";
	return NULL;
}
_Static_assert(TD_CONFIG_LINE_MAX == 65536, "the text above names the limit");

/* The length of a line without its end, and where the next begins. */
static size_t line_length(const char *line, size_t rest, size_t *ret_next)
{
	const char *end = memchr(line, '\n', rest);

	*ret_next = end != NULL ? (size_t)(end - line) + 1 : rest;
	return end != NULL ? (size_t)(end - line) : rest;
}

static void check_lines(struct td_config_load *load, char *bytes, size_t length)
{
	unsigned line = 1;
	size_t next;

	for (size_t at = 0; at < length; at += next, line++) {
		size_t n = line_length(bytes + at, length - at, &next);
		const char *wrong = wrong_with(bytes + at, n);

		if (wrong != NULL)
			td_config_error(load->errors, load->file, line, "%s", wrong);
		/* A line of nothing but blanks would continue the value above it. */
		if (wrong != NULL || is_empty(bytes + at, n))
			take_out(bytes + at, n);
	}
}

/* ---- values ------------------------------------------------------------------------------- */

/*
 * Where a comment begins behind a value: a blank, then '#' or ';', outside quotes. In a text whose
 * quotes do not close they are not taken for quotes.
 */
static const char *find_comment(const char *text, bool quotes)
{
	char open = '\0';

	for (const char *c = text; *c; c++) {
		if (open != '\0') {
			if (*c == open)
				open = '\0';
			else if (*c == '\\' && open == '"' && c[1] != '\0')
				c++;
		} else if (quotes && *c == '\\' && c[1] != '\0') {
			c++;
		} else if (quotes && (*c == '\'' || *c == '"')) {
			open = *c;
		} else if (starts_comment(*c) && ((c == text && (c[1] == '\0' || is_blank(c[1]))) ||
						  (c > text && is_blank(c[-1])))) {
			return c;
		}
	}
	return open != '\0' ? find_comment(text, false) : NULL;
}

/* Takes a value without the blanks around it, which a continued one may have. */
static void take_text(struct td_config_load *load, const char *key, const char *text, unsigned line)
{
	size_t start = strspn(text, " \t"), length = strlen(text + start);
	const char *comment;
	char *trimmed;

	while (length > 0 && is_blank(text[start + length - 1]))
		length--;
	trimmed = td_mem_strndup(text + start, length);
	if (trimmed == NULL) {
		td_config_error(load->errors, load->file, line, "out of memory");
		return;
	}
	comment = find_comment(trimmed, true);
	if (strlen(key) + length + 3 > TD_CONFIG_LINE_MAX)
		td_config_error(load->errors, load->file, line,
				"the value of \"%.80s\" is longer than 65536 bytes", key);
	else if (comment != NULL)
		td_config_error(load->errors, load->file, line,
				"%s = \"%.80s\": a comment stands on a line of its own; put quotes "
				"around \"%.40s\" if it is part of the value",
				key, trimmed, comment);
	else
		td_config_take(load, key, trimmed, line);
	td_mem_free(trimmed);
}

/* `n_before`: how many keys of the same name stand above this one. */
static void take_value(struct td_config_load *load, struct ini_cfgobj *parsed, const char *key,
		       size_t n_before, unsigned first_line)
{
	struct value_obj *value = NULL;
	const char *text = NULL;
	uint32_t line = 0;
	int r = ini_get_config_valueobj("s", key, parsed, INI_GET_FIRST_VALUE, &value);

	for (size_t i = 0; r == 0 && i < n_before; i++)
		r = ini_get_config_valueobj("s", key, parsed, INI_GET_NEXT_VALUE, &value);
	if (r != 0 || value == NULL || value_get_line(value, &line) != 0 ||
	    value_get_concatenated(value, &text) != 0) {
		td_config_error(load->errors, load->file, first_line,
				"the value of \"%s\" cannot be read", key);
		return;
	}
	line += first_line - 1;
	if (n_before > 0)
		td_config_error(load->errors, load->file, line,
				"the key \"%.80s\" stands in the section already", key);
	else
		take_text(load, key, text != NULL ? text : "", line);
}

static void take_values(struct td_config_load *load, struct ini_cfgobj *parsed, unsigned first_line)
{
	int n = 0, error = 0;
	char **keys = ini_get_attribute_list(parsed, "s", &n, &error);

	for (int i = 0; keys != NULL && i < n; i++) {
		size_t n_before = 0;

		/* As the library does, which finds "Grace" where "grace" is asked for. */
		for (int j = 0; j < i; j++)
			n_before += strcasecmp(keys[j], keys[i]) == 0;
		take_value(load, parsed, keys[i], n_before, first_line);
	}
	if (keys != NULL)
		ini_free_attribute_list(keys);
}

/* ---- sections ----------------------------------------------------------------------------- */

/* Says in our words what the library found in a line. */
static void report(struct td_config_load *load, const char *message, unsigned code, unsigned line,
		   const char *text, size_t length)
{
	int shown = (int)(length < 80 ? length : 80);

	if (code == ERR_NOEQUAL)
		td_config_error(load->errors, load->file, line,
				"\"%.*s\" is not of the form key = value", shown, text);
	else if (code == ERR_NOKEY)
		td_config_error(load->errors, load->file, line, "there is no key before the \"=\"");
	else if (code == ERR_SPACE || code == ERR_TAB)
		td_config_error(load->errors, load->file, line,
				"an indented line continues the value above it, but there is none");
	else
		td_config_error(load->errors, load->file, line, "%s", message);
}

/* Takes the line out, and those that continue it. Returns: where it is, or NULL. */
static char *find_line(char *body, size_t length, unsigned number, size_t *ret_length)
{
	size_t at = 0, next;

	for (unsigned i = 1; at < length; at += next, i++) {
		size_t n = line_length(body + at, length - at, &next);

		if (i != number)
			continue;
		*ret_length = n;
		return body + at;
	}
	return NULL;
}

static void take_out_with_rest(char *line, const char *end)
{
	size_t next;

	do {
		take_out(line, line_length(line, (size_t)(end - line), &next));
		line += next;
	} while (line < end && is_blank(*line));
}

/* Reports what the library complained about and takes those lines out. */
static void take_errors(struct td_config_load *load, struct ini_cfgobj *parsed, char *buffer,
			size_t length, unsigned first_line)
{
	char **messages = NULL;

	if (ini_config_get_errors(parsed, &messages) != 0 || messages == NULL) {
		td_config_error(load->errors, load->file, first_line, "the section has errors");
		return;
	}
	for (size_t i = 0; messages[i] != NULL; i++) {
		const char *message = strstr(messages[i], ": ");
		unsigned code = 0, line = 0;
		char *text = NULL;
		size_t n = 0;

		if (sscanf(messages[i], "%*s (%u) on line %u", &code, &line) == 2)
			text = find_line(buffer, length, line, &n);
		if (text == NULL || line < 2) {
			td_config_error(load->errors, load->file, first_line, "%s", messages[i]);
			continue;
		}
		/* One line may break two rules; the first that was found is told. */
		if (n > 0 && text[0] == '#')
			continue;
		report(load, message != NULL ? message + 2 : messages[i], code,
		       first_line + line - 1, text, n);
		take_out_with_rest(text, buffer + length);
	}
	ini_config_free_errors(messages);
}

/* Parses once. Returns: whether it has to be done again, since lines were taken out. */
static bool parse_once(struct td_config_load *load, char *buffer, size_t length,
		       unsigned first_line)
{
	struct ini_cfgfile *file = NULL;
	struct ini_cfgobj *parsed = NULL;
	bool again = false;
	int r;

	r = ini_config_file_from_mem(buffer, (uint32_t)length, &file);
	if (r == 0)
		r = ini_config_create(&parsed);
	if (r == 0)
		/* Allowed here, so that all are seen; take_value() refuses what is repeated. */
		r = ini_config_parse(file, INI_STOP_ON_NONE, INI_MV1S_ALLOW | INI_MV2S_ALLOW,
				     INI_PARSE_NO_C_COMMENTS, parsed);
	if (parsed != NULL && ini_config_error_count(parsed) > 0) {
		take_errors(load, parsed, buffer, length, first_line);
		again = true;
	} else if (r != 0) {
		td_config_error(load->errors, load->file, first_line,
				"the section cannot be read: %s", taskd_strerror(-r));
	} else {
		take_values(load, parsed, first_line);
	}
	if (parsed != NULL)
		ini_config_destroy(parsed);
	if (file != NULL)
		ini_config_file_destroy(file);
	return again;
}

/* How many lines are neither blank, nor comments, nor continue another; and the first of them. */
static size_t count_keys(const char *body, size_t length, unsigned *ret_first)
{
	size_t n = 0, next;
	unsigned line = 1;

	for (size_t at = 0; at < length; at += next, line++) {
		size_t in_line = line_length(body + at, length - at, &next);

		if (in_line == 0 || is_blank(body[at]) || starts_comment(body[at]))
			continue;
		if (n++ == 0)
			*ret_first = line;
	}
	return n;
}

/* Parses what stands between two heads; `head_line` is the line of the head before it. */
static void parse_body(struct td_config_load *load, const char *body, size_t length,
		       unsigned head_line)
{
	const size_t head = strlen(SECTION_HEAD);
	unsigned first = 0;
	char *buffer;

	if (count_keys(body, length, &first) > TD_CONFIG_KEYS_MAX) {
		td_config_error(load->errors, load->file, head_line,
				"the section has more than %d keys", TD_CONFIG_KEYS_MAX);
		return;
	}
	buffer = td_mem_new(head + length + 1);
	if (buffer == NULL) {
		td_config_error(load->errors, load->file, head_line, "out of memory");
		return;
	}
	memcpy(buffer, SECTION_HEAD, head);
	memcpy(buffer + head, body, length);
	for (int i = 0; i < PARSE_ATTEMPTS; i++)
		if (!parse_once(load, buffer, head + length, head_line))
			break;
	td_mem_free(buffer);
}

/* Looks at a head, "[...]", and begins the section. */
static void parse_head(struct td_config_load *load, const char *line, size_t length,
		       unsigned number)
{
	const char *close = memchr(line, ']', length);
	size_t start = 1, end;
	char *name;

	load->section = (struct td_config_section){.kind = TD_CONFIG_NONE};
	while (length > 0 && is_blank(line[length - 1]))
		length--;
	if (close == NULL || close != line + length - 1) {
		td_config_error(load->errors, load->file, number,
				close == NULL ? "the section head has no closing \"]\""
					      : "there is text behind the section head");
		return;
	}
	end = length - 1;
	while (start < end && is_blank(line[start]))
		start++;
	while (end > start && is_blank(line[end - 1]))
		end--;
	name = td_mem_strndup(line + start, end - start);
	if (name == NULL)
		td_config_error(load->errors, load->file, number, "out of memory");
	else
		td_config_begin(load, name, number);
	td_mem_free(name);
}

/* The end of the text before the next head, and how many lines that is. */
static size_t find_head(const char *bytes, size_t length, unsigned *ret_lines)
{
	size_t at = 0, next;

	*ret_lines = 0;
	for (; at < length && bytes[at] != '['; at += next, (*ret_lines)++)
		(void)line_length(bytes + at, length - at, &next); /* only the next line counts */
	return at;
}

void td_config_file_parse(struct td_config_load *load, char *bytes, size_t length)
{
	unsigned line = 1, lines, first;
	size_t at = 0, next;

	if (length >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
		at = 3;
	check_lines(load, bytes + at, length - at);
	next = find_head(bytes + at, length - at, &lines);
	if (count_keys(bytes + at, next, &first) > 0)
		td_config_error(load->errors, load->file, first,
				"there is text before the first section");
	at += next;
	line += lines;
	while (at < length) {
		size_t n = line_length(bytes + at, length - at, &next), body;

		parse_head(load, bytes + at, n, line);
		body = at + next;
		at = body + find_head(bytes + body, length - body, &lines);
		parse_body(load, bytes + body, at - body, line);
		line += 1 + lines;
	}
}

/* ---- files -------------------------------------------------------------------------------- */

static bool check_file(struct td_config_load *load, const struct stat *status)
{
	if (S_ISDIR(status->st_mode))
		td_config_error(load->errors, load->file, 0, "this is a directory");
	else if (!S_ISREG(status->st_mode))
		td_config_error(load->errors, load->file, 0, "this is not a regular file");
	else if (status->st_mode & S_IWOTH)
		td_config_error(load->errors, load->file, 0,
				"everybody may write to the file (mode %04o): take that away with "
				"chmod o-w",
				(unsigned)status->st_mode & 07777);
	else if (status->st_size > TD_CONFIG_FILE_MAX)
		td_config_error(load->errors, load->file, 0, "the file is larger than %d bytes",
				TD_CONFIG_FILE_MAX);
	else
		return true;
	return false;
}

/* Reads all into `bytes`, which has room for one byte more than is allowed. */
static void read_all(struct td_config_load *load, int fd, char *bytes)
{
	size_t length = 0;
	ssize_t n = 1;

	while (n != 0 && length <= TD_CONFIG_FILE_MAX) {
		n = read(fd, bytes + length, TD_CONFIG_FILE_MAX + 1 - length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			td_config_error(load->errors, load->file, 0, "cannot be read: %s",
					taskd_strerror(-errno));
			return;
		}
		length += (size_t)n;
	}
	if (length > TD_CONFIG_FILE_MAX)
		td_config_error(load->errors, load->file, 0, "the file is larger than %d bytes",
				TD_CONFIG_FILE_MAX);
	else
		td_config_file_parse(load, bytes, length);
}

void td_config_file_read(struct td_config_load *load)
{
	/* Non-blocking, so that opening a FIFO does not wait for its other end. */
	int fd = open(load->file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	char *bytes;

	if (fd < 0) {
		td_config_error(load->errors, load->file, 0, "cannot be opened: %s",
				taskd_strerror(-errno));
		return;
	}
	if (fstat(fd, &status) < 0) {
		td_config_error(load->errors, load->file, 0, "cannot be looked at: %s",
				taskd_strerror(-errno));
	} else if (check_file(load, &status)) {
		bytes = td_mem_new(TD_CONFIG_FILE_MAX + 1);
		if (bytes == NULL)
			td_config_error(load->errors, load->file, 0, "out of memory");
		else
			read_all(load, fd, bytes);
		td_mem_free(bytes);
	}
	(void)td_fd_close(fd); /* it was only read */
}
