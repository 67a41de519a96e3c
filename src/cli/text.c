/* SPDX-License-Identifier: MIT */
/* Times and counts as text. */
#include "cli/text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define MSEC INT64_C(1000)
#define SEC INT64_C(1000000)
#define MIN (60 * SEC)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

/* Two units, the second left out when it is nothing. */
static void two_units(char *buffer, int64_t n, const char *unit, int64_t m, const char *small)
{
	if (m > 0)
		snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 "%s %" PRId64 "%s", n, unit, m, small);
	else
		snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 "%s", n, unit);
}

/* One decimal, left out when it is 0; cut, never rounded up, so that 9.99s is not 10.0s. */
static void one_decimal(char *buffer, int64_t tenths, const char *unit)
{
	if (tenths % 10 != 0)
		snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 ".%" PRId64 "%s", tenths / 10,
			 tenths % 10, unit);
	else
		snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 "%s", tenths / 10, unit);
}

const char *td_text_age(int64_t usec, char buffer[TD_TEXT_SIZE])
{
	if (usec < 0)
		usec = 0;
	if (usec < MIN)
		snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 "s", usec / SEC);
	else if (usec < HOUR)
		two_units(buffer, usec / MIN, "min", 0, "");
	else if (usec < DAY)
		two_units(buffer, usec / HOUR, "h", usec % HOUR / MIN, "min");
	else
		two_units(buffer, usec / DAY, "d", usec % DAY / HOUR, "h");
	return buffer;
}

const char *td_text_span(int64_t usec, char buffer[TD_TEXT_SIZE])
{
	if (usec <= 0)
		snprintf(buffer, TD_TEXT_SIZE, "0s");
	else if (usec < 100)
		snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 "us", usec);
	else if (usec < 10 * MSEC)
		one_decimal(buffer, usec / (MSEC / 10), "ms");
	else if (usec < SEC)
		snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 "ms", usec / MSEC);
	else if (usec < 10 * SEC)
		one_decimal(buffer, usec / (SEC / 10), "s");
	else
		td_text_age(usec, buffer);
	return buffer;
}

static bool local_time(int64_t usec, struct tm *ret_parts)
{
	time_t seconds = (time_t)(usec / SEC);

	return localtime_r(&seconds, ret_parts) != NULL;
}

const char *td_text_moment(int64_t usec, char buffer[TD_TEXT_SIZE])
{
	struct tm parts;

	if (!local_time(usec, &parts) ||
	    strftime(buffer, TD_TEXT_SIZE, "%Y-%m-%d %H:%M:%S", &parts) == 0)
		snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 "us", usec);
	return buffer;
}

const char *td_text_clock(int64_t usec, char buffer[TD_TEXT_SIZE])
{
	struct tm parts;

	if (local_time(usec, &parts))
		snprintf(buffer, TD_TEXT_SIZE, "%02d:%02d:%02d.%03d", parts.tm_hour, parts.tm_min,
			 parts.tm_sec, (int)(usec % SEC / MSEC));
	else
		snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 "us", usec);
	return buffer;
}

const char *td_text_count(int64_t n, const char *noun, char buffer[TD_TEXT_SIZE])
{
	snprintf(buffer, TD_TEXT_SIZE, "%" PRId64 " %.30s%s", n, noun, n == 1 ? "" : "s");
	return buffer;
}
