/* SPDX-License-Identifier: MIT */
/*
 * Reads the interface language: a recursive descent without tokens, since what may come next is
 * always known. After each part the blanks and comments behind it are stepped over; a comment on
 * lines of its own, with no empty line after it, is the documentation of what follows.
 */
#include <stddef.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "wire/idl.h"
#include "wire/idl_priv.h"

#define FIELDS_MAX 1024        /* of one struct or enum; each is compared with all others */
#define INTERFACE_NAME_MAX 255 /* bytes */

struct spot {
	size_t line, column; /* from 1; columns are bytes */
};

/* A use of a named type, to be resolved when all types are known. */
struct use {
	struct use *next;
	struct td_idl_type *type;
	struct spot spot;
};

struct parser {
	struct td_idl *idl;
	const char *at;
	const char *line_start;
	size_t line, depth, capacity; /* capacity: of idl->members */
	struct td_strbuf doc;         /* of what comes next */
	bool has_doc;
	bool at_new_line; /* nothing but blanks and comments stands before it on its line */
	struct use *uses;
	struct td_failure *failure; /* borrowed, or NULL */
};

static int parse_type(struct parser *p, const struct td_idl_type **ret_type);

static struct spot here(const struct parser *p)
{
	return (struct spot){.line = p->line, .column = (size_t)(p->at - p->line_start) + 1};
}

static int refuse_at(struct parser *p, struct spot spot, const char *what, const char *rule)
{
	return td_fail(p->failure, -TASKD_EINVAL, what, "%zu:%zu: %s%s", spot.line, spot.column,
		       what, rule);
}

static int refuse(struct parser *p, const char *rule)
{
	return refuse_at(p, here(p), "", rule);
}

static int refuse_memory(struct parser *p)
{
	return td_fail(p->failure, -TASKD_ENOMEM, NULL, "out of memory for an interface");
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_alpha(char c)
{
	return is_upper(c) || (c >= 'a' && c <= 'z');
}

static bool is_alnum(char c)
{
	return is_alpha(c) || (c >= '0' && c <= '9');
}

/* --- blanks and comments --- */

static int read_comment(struct parser *p)
{
	const char *start = ++p->at;
	size_t n;

	while (*p->at != '\0' && *p->at != '\n' && strncmp(p->at, "\r\n", 2) != 0) {
		n = td_utf8_char(p->at, strnlen(p->at, 4));
		if (n == 0)
			return refuse(p, "invalid UTF-8");
		if (((unsigned char)*p->at < 0x20 && *p->at != '\t') || *p->at == 0x7F)
			return refuse(p, "a control character in a comment");
		p->at += n;
	}
	if (!p->at_new_line)
		return 0;
	if (*start == ' ')
		start++;
	if (p->has_doc)
		td_strbuf_addc(&p->doc, '\n');
	td_strbuf_add(&p->doc, start, (size_t)(p->at - start));
	p->has_doc = true;
	return 0;
}

static void forget_doc(struct parser *p)
{
	td_strbuf_reset(&p->doc);
	p->has_doc = false;
}

/* Steps to what comes next and collects its documentation. */
static int skip(struct parser *p)
{
	bool is_empty_line = p->at == p->idl->text;

	forget_doc(p);
	p->at_new_line = is_empty_line;
	for (;;) {
		int r;

		switch (*p->at) {
		case ' ':
		case '\t':
		case '\r':
			p->at++;
			break;
		case '\n':
			if (is_empty_line)
				forget_doc(p);
			p->line_start = ++p->at;
			p->line++;
			p->at_new_line = is_empty_line = true;
			break;
		case '#':
			is_empty_line = false;
			r = read_comment(p);
			if (r < 0)
				return r;
			break;
		default:
			return td_strbuf_ok(&p->doc) ? 0 : refuse_memory(p);
		}
	}
}

/* Keeps a text for as long as the interface lives. Returns: NULL without memory. */
static const char *keep(struct parser *p, const char *text, size_t n)
{
	char *copy = td_idl_alloc(p->idl, n + 1);

	if (copy != NULL && n > 0)
		memcpy(copy, text, n);
	return copy;
}

static int take_doc(struct parser *p, const char **ret_doc)
{
	if (!p->has_doc)
		return 0;
	*ret_doc = keep(p, td_strbuf_text(&p->doc), p->doc.length);
	return *ret_doc != NULL ? 0 : refuse_memory(p);
}

/* --- words --- */

/* Reads a run of letters, digits and '_', with the blanks after it. */
static int read_word(struct parser *p, size_t n, const char **ret_word)
{
	*ret_word = keep(p, p->at, n);
	if (*ret_word == NULL)
		return refuse_memory(p);
	p->at += n;
	return skip(p);
}

static size_t word_length(const char *text)
{
	size_t n = 0;

	while (is_alnum(text[n]) || text[n] == '_')
		n++;
	return n;
}

static int read_name(struct parser *p, const char **ret_name)
{
	size_t n = word_length(p->at);

	if (!is_upper(*p->at) || memchr(p->at, '_', n) != NULL)
		return refuse(p, "expected a name: a capital letter, then letters and digits");
	return read_word(p, n, ret_name);
}

static int read_field_name(struct parser *p, const char **ret_name)
{
	size_t n = word_length(p->at);
	bool good = is_alpha(*p->at) && p->at[n - 1] != '_';

	for (size_t i = 1; good && i < n; i++)
		good = p->at[i] != '_' || p->at[i - 1] != '_';
	if (!good)
		return refuse(p, "expected a field name: a letter, then letters, digits and "
				 "single '_' between them");
	return read_word(p, n, ret_name);
}

static int read_char(struct parser *p, char c, const char *rule)
{
	if (*p->at != c)
		return refuse(p, rule);
	p->at++;
	return skip(p);
}

/* Reads a word of the language and what must follow it, a blank. */
static bool read_keyword(struct parser *p, const char *word)
{
	size_t n = strlen(word);

	if (strncmp(p->at, word, n) != 0 || (p->at[n] != ' ' && p->at[n] != '\t'))
		return false;
	p->at += n + strspn(p->at + n, " \t");
	return true;
}

/* --- types --- */

static int add_field(struct parser *p, struct td_idl_type *type, size_t *capacity,
		     const struct td_idl_field *field, struct spot spot)
{
	struct td_idl_field *fields = (struct td_idl_field *)type->fields;

	for (size_t i = 0; i < type->n_fields; i++)
		if (strcmp(fields[i].name, field->name) == 0)
			return refuse_at(p, spot, field->name, " is there already");
	if (type->n_fields >= FIELDS_MAX)
		return refuse_at(p, spot, "", "more than 1024 fields");
	if (type->n_fields == *capacity) {
		*capacity = *capacity > 0 ? *capacity * 2 : 4;
		fields = td_idl_alloc(p->idl, *capacity * sizeof(*fields));
		if (fields == NULL)
			return refuse_memory(p);
		/* The smaller table stays until the interface is freed. */
		if (type->n_fields > 0)
			memcpy(fields, type->fields, type->n_fields * sizeof(*fields));
		type->fields = fields;
	}
	fields[type->n_fields++] = *field;
	return 0;
}

/* Reads one field; the first one decides whether this is a struct or an enum. */
static int parse_field(struct parser *p, struct td_idl_type *type, size_t *capacity)
{
	struct td_idl_field field = {.name = NULL};
	struct spot spot = here(p);
	bool is_typed;
	int r = take_doc(p, &field.doc);

	if (r == 0)
		r = read_field_name(p, &field.name);
	if (r < 0)
		return r;
	is_typed = *p->at == ':';
	if (type->n_fields == 0)
		type->kind = is_typed ? TD_IDL_STRUCT : TD_IDL_ENUM;
	else if (is_typed != (type->kind == TD_IDL_STRUCT))
		return refuse(p,
			      is_typed ? "a type in a list of names" : "expected ':' and a type");
	if (is_typed) {
		r = read_char(p, ':', "expected ':'");
		if (r == 0)
			r = parse_type(p, &field.type);
	}
	return r < 0 ? r : add_field(p, type, capacity, &field, spot);
}

static int parse_fields(struct parser *p, struct td_idl_type *type)
{
	size_t capacity = 0;
	int r = read_char(p, '(', "expected '('");

	type->kind = TD_IDL_STRUCT;
	while (r == 0 && (*p->at != ')' || type->n_fields > 0)) {
		r = parse_field(p, type, &capacity);
		if (r < 0 || *p->at == ')')
			break;
		r = read_char(p, ',', "expected ',' or ')'");
	}
	/* No blanks are taken after the ')' of a type: they may hold the end of the member. */
	if (r == 0)
		p->at++;
	return r;
}

static int parse_named(struct parser *p, struct td_idl_type *type)
{
	size_t n = word_length(p->at);
	struct use *use;

	if (!is_upper(*p->at) || memchr(p->at, '_', n) != NULL)
		return refuse(p, "expected a type");
	type->kind = TD_IDL_NAMED;
	type->name = keep(p, p->at, n);
	use = td_idl_alloc(p->idl, sizeof(*use));
	if (type->name == NULL || use == NULL)
		return refuse_memory(p);
	*use = (struct use){.next = p->uses, .type = type, .spot = here(p)};
	p->uses = use;
	p->at += n;
	return 0;
}

/* Reads a word that is a type. */
static int parse_simple(struct parser *p, struct td_idl_type *type)
{
	static const struct {
		const char *name;
		enum td_idl_kind kind;
	} simple[] = {
		{"bool", TD_IDL_BOOL},     {"int", TD_IDL_INT},       {"float", TD_IDL_FLOAT},
		{"string", TD_IDL_STRING}, {"object", TD_IDL_OBJECT}, {"any", TD_IDL_ANY},
	};
	size_t n = word_length(p->at);

	for (size_t i = 0; i < TD_ARRAY_SIZE(simple); i++) {
		if (strlen(simple[i].name) == n && memcmp(simple[i].name, p->at, n) == 0) {
			type->kind = simple[i].kind;
			p->at += n;
			return 0;
		}
	}
	return parse_named(p, type);
}

static int parse_container(struct parser *p, struct td_idl_type *type)
{
	static const char array[] = "[]", map[] = "[string]";

	if (strncmp(p->at, array, strlen(array)) == 0) {
		type->kind = TD_IDL_ARRAY;
		p->at += strlen(array);
	} else if (strncmp(p->at, map, strlen(map)) == 0) {
		type->kind = TD_IDL_MAP;
		p->at += strlen(map);
	} else {
		return refuse(p, "expected '[]' or '[string]'");
	}
	return parse_type(p, &type->of);
}

/* Reads a type; at the end stands what follows it, blanks not yet taken at a ')'. */
static int parse_type(struct parser *p, const struct td_idl_type **ret_type)
{
	struct td_idl_type *type = td_idl_alloc(p->idl, sizeof(*type));
	int r;

	if (type == NULL)
		return refuse_memory(p);
	if (p->depth >= TD_IDL_DEPTH_MAX)
		return refuse(p, "more than 16 types inside each other");
	p->depth++;
	if (*p->at == '?') {
		type->nullable = true;
		p->at++;
		if (*p->at == '?')
			return refuse(p, "'?' is given twice");
	}
	if (*p->at == '[')
		r = parse_container(p, type);
	else if (*p->at == '(')
		r = parse_fields(p, type);
	else
		r = parse_simple(p, type);
	if (r < 0)
		return r;
	p->depth--;
	*ret_type = type;
	/* The end of a member is seen by its newline, which only the outermost may look for. */
	return p->depth > 0 ? skip(p) : 0;
}

/* --- members --- */

/* Steps to the next line; a member and the interface name each end theirs. */
static int end_line(struct parser *p)
{
	int r = skip(p);

	if (r < 0 || *p->at == '\0' || p->at_new_line)
		return r;
	return refuse(p, "expected a new line");
}

static int parse_struct(struct parser *p, const struct td_idl_type **ret_type)
{
	int r;

	if (*p->at != '(')
		return refuse(p, "expected '('");
	r = parse_type(p, ret_type);
	if (r == 0 && (*ret_type)->kind != TD_IDL_STRUCT)
		return refuse(p, "expected fields with types, not a list of names");
	return r;
}

static int parse_member_types(struct parser *p, struct td_idl_member *member)
{
	int r;

	if (member->kind == TD_IDL_TYPE) {
		if (*p->at != '(')
			return refuse(p, "expected '('");
		return parse_type(p, &member->type);
	}
	r = parse_struct(p, &member->type);
	if (r < 0 || member->kind == TD_IDL_ERROR)
		return r;
	r = skip(p);
	if (r < 0)
		return r;
	if (strncmp(p->at, "->", 2) != 0)
		return refuse(p, "expected '->'");
	p->at += 2;
	r = skip(p);
	return r < 0 ? r : parse_struct(p, &member->reply);
}

static int add_member(struct parser *p, const struct td_idl_member *member, struct spot spot)
{
	struct td_idl *idl = p->idl;
	int r;

	if (idl->n_members == p->capacity) {
		struct td_idl_member *members;

		p->capacity = p->capacity > 0 ? p->capacity * 2 : 16;
		members = td_idl_alloc(idl, p->capacity * sizeof(*members));
		if (members == NULL)
			return refuse_memory(p);
		if (idl->n_members > 0)
			memcpy(members, idl->members, idl->n_members * sizeof(*members));
		idl->members = members;
	}
	/* The table may still move: the map has the index, plus one since NULL is nothing. */
	r = td_map_add(idl->by_name, member->name, (void *)(uintptr_t)(idl->n_members + 1));
	if (r == -TASKD_EEXIST)
		return refuse_at(p, spot, member->name, " is there already");
	if (r < 0)
		return refuse_memory(p);
	idl->members[idl->n_members++] = *member;
	return 0;
}

static int parse_member(struct parser *p)
{
	struct td_idl_member member = {.name = NULL};
	struct spot spot;
	int r = take_doc(p, &member.doc);

	if (r < 0)
		return r;
	if (read_keyword(p, "type"))
		member.kind = TD_IDL_TYPE;
	else if (read_keyword(p, "method"))
		member.kind = TD_IDL_METHOD;
	else if (read_keyword(p, "error"))
		member.kind = TD_IDL_ERROR;
	else
		return refuse(p, "expected 'type', 'method' or 'error'");
	spot = here(p);
	r = read_name(p, &member.name);
	if (r == 0)
		r = parse_member_types(p, &member);
	if (r == 0)
		r = add_member(p, &member, spot);
	return r < 0 ? r : end_line(p);
}

/* --- the whole --- */

/* Whether a text is [A-Za-z]([-]*[A-Za-z0-9])*(\.[A-Za-z0-9]([-]*[A-Za-z0-9])*)+ */
static bool is_interface_name(const char *text, size_t n)
{
	size_t n_parts = 1;

	if (n == 0 || n > INTERFACE_NAME_MAX || !is_alpha(text[0]) || !is_alnum(text[n - 1]))
		return false;
	for (size_t i = 1; i < n; i++) {
		if (text[i] == '.')
			n_parts++;
		/* A dot stands between letters or digits; there are no other characters. */
		if (text[i] == '.' && (!is_alnum(text[i - 1]) || !is_alnum(text[i + 1])))
			return false;
		if (text[i] != '.' && text[i] != '-' && !is_alnum(text[i]))
			return false;
	}
	return n_parts > 1;
}

static int parse_interface(struct parser *p)
{
	size_t n = 0;
	int r = skip(p);

	if (r == 0)
		r = take_doc(p, &p->idl->doc);
	if (r < 0)
		return r;
	if (!read_keyword(p, "interface"))
		return refuse(p, "expected 'interface'");
	while (is_alnum(p->at[n]) || p->at[n] == '.' || p->at[n] == '-')
		n++;
	if (!is_interface_name(p->at, n))
		return refuse(p, "expected the name of an interface, as org.example.thing");
	p->idl->name = keep(p, p->at, n);
	if (p->idl->name == NULL)
		return refuse_memory(p);
	p->at += n;
	r = end_line(p);
	while (r == 0 && *p->at != '\0')
		r = parse_member(p);
	return r;
}

static int resolve_uses(struct parser *p)
{
	const struct use *wrong = NULL;

	/* From the last use to the first, which is the one to tell. */
	for (const struct use *use = p->uses; use != NULL; use = use->next) {
		const struct td_idl_member *member =
			td_idl_find(p->idl, TD_IDL_TYPE, use->type->name);

		if (member == NULL)
			wrong = use;
		else
			use->type->of = member->type;
	}
	if (wrong != NULL)
		return refuse_at(p, wrong->spot, wrong->type->name, " is no type");
	return 0;
}

int td_idl_parse(const char *text, struct td_idl **ret_idl, struct td_failure *failure)
{
	struct parser p = {.line = 1, .failure = failure, .idl = td_mem_new(sizeof(struct td_idl))};
	size_t length = strlen(text);
	int r;

	if (p.idl == NULL)
		return refuse_memory(&p);
	p.idl->magic = TD_IDL_MAGIC;
	p.idl->text = keep(&p, text, length);
	p.idl->by_name = td_map_new();
	if (length > TD_IDL_TEXT_MAX) {
		r = td_fail(failure, -TASKD_EINVAL, NULL, "an interface text has at most %u bytes",
			    TD_IDL_TEXT_MAX);
	} else if (p.idl->text == NULL || p.idl->by_name == NULL) {
		r = refuse_memory(&p);
	} else {
		p.at = p.line_start = p.idl->text;
		r = parse_interface(&p);
	}
	if (r == 0)
		r = resolve_uses(&p);
	td_strbuf_fini(&p.doc);
	if (r < 0)
		td_idl_free(p.idl);
	else
		*ret_idl = p.idl;
	return r;
}
