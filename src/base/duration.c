/* SPDX-License-Identifier: MIT */
/* Durations, sizes, integers and booleans as people write them. All arithmetic is in integers. */
#include "base/duration.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"

#define FRACTION_DIGITS 18 /* further digits are below any unit and are left out */

struct unit {
	const char *name;
	int64_t value;
};

/* A decimal number: whole + part / scale. */
struct number {
	uint64_t whole, part, scale;
	bool has_fraction;
};

static const struct unit duration_units[] = {
	{"us", INT64_C(1000)},           {"ms", INT64_C(1000000)},
	{"s", INT64_C(1000000000)},      {"sec", INT64_C(1000000000)},
	{"min", INT64_C(60000000000)},   {"m", INT64_C(60000000000)},
	{"h", INT64_C(3600000000000)},   {"d", INT64_C(86400000000000)},
	{"w", INT64_C(604800000000000)},
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

static const char *skip_blanks(const char *text)
{
	while (is_blank(*text))
		text++;
	return text;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Reads "12" or "12.5". Returns: where the text goes on, NULL when there is no such number. */
static const char *read_number(const char *text, struct number *number)
{
	*number = (struct number){.scale = 1};
	if (!is_digit(*text))
		return NULL;
	for (; is_digit(*text); text++)
		if (__builtin_mul_overflow(number->whole, 10u, &number->whole) ||
		    __builtin_add_overflow(number->whole, (uint64_t)(*text - '0'), &number->whole))
			return NULL;
	if (*text != '.')
		return text;
	number->has_fraction = true;
	if (!is_digit(*++text))
		return NULL;
	for (int i = 0; is_digit(*text); text++, i++) {
		if (i >= FRACTION_DIGITS)
			continue;
		number->part = number->part * 10 + (uint64_t)(*text - '0');
		number->scale *= 10;
	}
	return text;
}

/* number * unit, rounded down. Returns: false when it is not below 2^63. */
static bool scale(const struct number *number, int64_t unit, int64_t *result)
{
	unsigned __int128 product = (unsigned __int128)number->whole * (uint64_t)unit;
	unsigned __int128 rest = (unsigned __int128)number->part * (uint64_t)unit / number->scale;

	if (product + rest > INT64_MAX)
		return false;
	*result = (int64_t)(product + rest);
	return true;
}

static const struct unit *find_unit(const char *text, size_t length)
{
	for (size_t i = 0; i < TD_ARRAY_SIZE(duration_units); i++)
		if (strlen(duration_units[i].name) == length &&
		    memcmp(duration_units[i].name, text, length) == 0)
			return &duration_units[i];
	return NULL;
}

/* Reads one "1.5h" with the blanks after it and adds it to the sum. */
static const char *read_span(const char *text, int64_t *sum)
{
	const struct unit *unit;
	struct number number;
	size_t length = 0;
	int64_t value;

	text = read_number(text, &number);
	if (text == NULL)
		return NULL;
	text = skip_blanks(text);
	while (text[length] >= 'a' && text[length] <= 'z')
		length++;
	unit = find_unit(text, length);
	if (unit == NULL || !scale(&number, unit->value, &value) ||
	    __builtin_add_overflow(*sum, value, sum))
		return NULL;
	return skip_blanks(text + length);
}

/* Whether a text without its outer blanks is a word. */
static bool is_only(const char *text, const char *word)
{
	size_t length = strlen(word);

	return strncmp(text, word, length) == 0 && *skip_blanks(text + length) == '\0';
}

int td_duration_parse(const char *text, int64_t *ret_ns)
{
	int64_t sum = 0;

	text = skip_blanks(text);
	if (is_only(text, "infinity")) {
		*ret_ns = INT64_MAX;
		return 0;
	}
	if (is_only(text, "0")) {
		*ret_ns = 0;
		return 0;
	}
	do {
		text = read_span(text, &sum);
		if (text == NULL)
			return -TASKD_EINVAL;
	} while (*text != '\0');
	/* The largest number means "infinity", which must be written as such. */
	if (sum == INT64_MAX)
		return -TASKD_EINVAL;
	*ret_ns = sum;
	return 0;
}

/* Appends value / unit with at most 3 digits after the point, rounded down. */
static size_t print_scaled(char *to, size_t size, uint64_t value, uint64_t unit, const char *name)
{
	unsigned thousandths = (unsigned)((unsigned __int128)(value % unit) * 1000 / unit);
	char digits[8] = "";
	int n;

	if (thousandths > 0) {
		(void)snprintf(digits, sizeof(digits), ".%03u", thousandths); /* fits */
		for (size_t i = 3; digits[i] == '0'; i--)
			digits[i] = '\0';
	}
	n = snprintf(to, size, "%" PRIu64 "%s%s", value / unit, digits, name);
	td_assert(n > 0 && (size_t)n < size);
	return (size_t)n;
}

/* Prints days, hours, minutes and seconds of at least one second. */
static void print_long(uint64_t ns, char *to, size_t size)
{
	static const struct unit steps[] = {
		{"d", INT64_C(86400000000000)},
		{"h", INT64_C(3600000000000)},
		{"min", INT64_C(60000000000)},
	};
	const uint64_t second = UINT64_C(1000000000), milli = UINT64_C(1000000);
	size_t used = 0;

	for (size_t i = 0; i < TD_ARRAY_SIZE(steps); i++) {
		uint64_t unit = (uint64_t)steps[i].value;

		if (ns < unit)
			continue;
		used += (size_t)snprintf(to + used, size - used, "%s%" PRIu64 "%s",
					 used > 0 ? " " : "", ns / unit, steps[i].name);
		td_assert(used < size);
		ns %= unit;
	}
	if (ns < milli)
		return;
	if (used > 0)
		to[used++] = ' ';
	print_scaled(to + used, size - used, ns, second, "s");
}

const char *td_duration_print(int64_t ns, char buffer[TD_DURATION_TEXT])
{
	uint64_t value = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
	char *to = buffer;
	size_t size = TD_DURATION_TEXT;

	if (ns == INT64_MAX)
		return strncpy(buffer, "infinity", TD_DURATION_TEXT);
	if (ns == 0)
		return strncpy(buffer, "0", TD_DURATION_TEXT);
	if (ns < 0) {
		*to++ = '-';
		size--;
	}
	if (value < 1000000)
		print_scaled(to, size, value, 1000, "us");
	else if (value < 1000000000)
		print_scaled(to, size, value, 1000000, "ms");
	else
		print_long(value, to, size);
	return buffer;
}

int td_size_parse(const char *text, int64_t *ret_bytes)
{
	static const char letters[] = "KMGTPE";
	struct number number;
	const char *letter;
	int64_t bytes;

	text = read_number(skip_blanks(text), &number);
	if (text == NULL)
		return -TASKD_EINVAL;
	letter = *text != '\0' ? strchr(letters, *text == 'k' ? 'K' : *text) : NULL;
	if (letter != NULL) {
		text++;
		if (strncmp(text, "iB", 2) == 0)
			text += 2;
	}
	/* There is no half byte. */
	if (*skip_blanks(text) != '\0' || (letter == NULL && number.has_fraction))
		return -TASKD_EINVAL;
	if (!scale(&number, INT64_C(1) << (letter != NULL ? (letter - letters + 1) * 10 : 0),
		   &bytes))
		return -TASKD_EINVAL;
	*ret_bytes = bytes;
	return 0;
}

const char *td_size_print(int64_t bytes, char buffer[TD_DURATION_TEXT])
{
	static const char *const names[] = {"", "K", "M", "G", "T", "P", "E"};
	uint64_t value = bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes;
	size_t i = 0;

	while (i + 1 < TD_ARRAY_SIZE(names) && value >> (10 * (i + 1)) > 0)
		i++;
	if (bytes < 0)
		buffer[0] = '-';
	print_scaled(buffer + (bytes < 0), TD_DURATION_TEXT - (bytes < 0), value,
		     UINT64_C(1) << (10 * i), names[i]);
	return buffer;
}

int td_integer_parse(const char *text, int64_t *ret_value)
{
	bool negative = *text == '-';
	int64_t value = 0;

	if (*text == '-' || *text == '+')
		text++;
	if (!is_digit(*text))
		return -TASKD_EINVAL;
	/* Downwards, since there is one negative number more than positive ones. */
	for (; is_digit(*text); text++)
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_sub_overflow(value, *text - '0', &value))
			return -TASKD_EINVAL;
	if (*text != '\0' || (!negative && value == INT64_MIN))
		return -TASKD_EINVAL;
	*ret_value = negative ? value : -value;
	return 0;
}

int td_boolean_parse(const char *text, bool *ret_value)
{
	static const char *const words[] = {"no", "yes", "false", "true", "off", "on", "0", "1"};

	for (size_t i = 0; i < TD_ARRAY_SIZE(words); i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret_value = i % 2 == 1;
			return 0;
		}
	}
	return -TASKD_EINVAL;
}
