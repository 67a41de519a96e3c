/* SPDX-License-Identifier: MIT */
/* Tests of base/duration.h: durations, sizes, integers, booleans. */
#include "base/duration.h"

#include <taskd/error.h>

#include "base/assert.h"
#include "base/rand.h"
#include "tdtest.h"

#define MS INT64_C(1000000)
#define S INT64_C(1000000000)

START_TEST(durations_are_read)
{
	static const struct {
		const char *text;
		int64_t ns;
	} cases[] = {
		{"0", 0},
		{" 0 ", 0},
		{"0s", 0},
		{"1us", 1000},
		{"250ms", 250 * MS},
		{"1.5s", 1500 * MS},
		{"1sec", S},
		{"0.000000001s", 1},
		{"2m", 120 * S},
		{"2min", 120 * S},
		{"1h 30min", 5400 * S},
		{"1h30min", 5400 * S},
		{" 1 h  30 min ", 5400 * S},
		{"2d", 172800 * S},
		{"1w", 604800 * S},
		{"1.25h", 4500 * S},
		{"007s", 7 * S},
		{"0.1234567890123456789s", 123456789},
		{"9223372036.854775806s", INT64_MAX - 1},
		{"infinity", INT64_MAX},
		{"\tinfinity ", INT64_MAX},
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(cases); i++) {
		int64_t ns = -1;

		ck_assert_msg(td_duration_parse(cases[i].text, &ns) == 0, "'%s' is refused",
			      cases[i].text);
		ck_assert_int_eq(ns, cases[i].ns);
	}
}
END_TEST

START_TEST(what_is_no_duration_is_refused)
{
	static const char *const cases[] = {
		"",
		" ",
		"5",
		"1.5",
		"-1s",
		"+1s",
		"1e3s",
		"nan",
		"inf",
		"NaNs",
		".5s",
		"1.s",
		"1..5s",
		"1 5s",
		"1h 5",
		"1h 0",
		"5 parsecs",
		"1S",
		"1Min",
		"1s,",
		"1s x",
		"0x1s",
		"00",
		"0.0",
		"infinitys",
		"infinity 1s",
		"1h infinity",
		"1s\n",
		"s",
		"9223372036.854775807s",
		"9223372037s",
		"15251w",
		"99999999999999999999s",
		"8000w 8000w",
		"1\xC2\xB5s",
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(cases); i++) {
		int64_t ns = -7;

		ck_assert_msg(td_duration_parse(cases[i], &ns) == -TASKD_EINVAL,
			      "'%s' is taken as %lld", cases[i], (long long)ns);
		ck_assert_int_eq(ns, -7);
	}
}
END_TEST

START_TEST(durations_are_printed)
{
	static const struct {
		int64_t ns;
		const char *text;
	} cases[] = {
		{0, "0"},
		{1, "0.001us"},
		{1500, "1.5us"},
		{250 * MS, "250ms"},
		{999999999, "999.999ms"},
		{S, "1s"},
		{2500 * MS, "2.5s"},
		{S + 1, "1s"},
		{60 * S, "1min"},
		{90 * S, "1min 30s"},
		{5400 * S, "1h 30min"},
		{3600 * S + MS, "1h 0.001s"},
		{86400 * S, "1d"},
		{-1500 * MS, "-1.5s"},
		{INT64_MAX, "infinity"},
		{INT64_MAX - 1, "106751d 23h 47min 16.854s"},
		{INT64_MIN, "-106751d 23h 47min 16.854s"},
	};
	char buffer[TD_DURATION_TEXT];

	for (size_t i = 0; i < TD_ARRAY_SIZE(cases); i++)
		ck_assert_str_eq(td_duration_print(cases[i].ns, buffer), cases[i].text);
}
END_TEST

START_TEST(a_printed_duration_is_read_back)
{
	char buffer[TD_DURATION_TEXT];
	struct td_rand rand;

	td_rand_seed(&rand, td_test_seed());
	for (int i = 0; i < 20000; i++) {
		/* All magnitudes, in whole milliseconds: those are printed exactly. */
		int64_t ns = (int64_t)(td_rand_next(&rand) >> (1 + td_rand_below(&rand, 62)));
		int64_t back;

		ns -= ns % MS;
		ck_assert_int_eq(td_duration_parse(td_duration_print(ns, buffer), &back), 0);
		ck_assert_int_eq(back, ns);
	}
}
END_TEST

START_TEST(sizes_are_read)
{
	static const struct {
		const char *text;
		int64_t bytes;
	} cases[] = {
		{"0", 0},
		{"512", 512},
		{"64K", 65536},
		{"64k", 65536},
		{"1.5M", 1572864},
		{"2GiB", INT64_C(2) << 30},
		{" 1T ", INT64_C(1) << 40},
		{"1P", INT64_C(1) << 50},
		{"7E", INT64_C(7) << 60},
		{"9223372036854775807", INT64_MAX},
	};
	static const char *const bad[] = {
		"",    "K",     "-1",  "+1",  "1.5", "1KB", "1B",
		"1 K", "1KiBs", "1e3", "8E",  "0x",  "1M1", "9223372036854775808",
		"K1",  "1.M",   "1m",  "1iB",
	};

	for (size_t i = 0; i < TD_ARRAY_SIZE(cases); i++) {
		int64_t bytes = -1;

		ck_assert_msg(td_size_parse(cases[i].text, &bytes) == 0, "'%s' is refused",
			      cases[i].text);
		ck_assert_int_eq(bytes, cases[i].bytes);
	}
	for (size_t i = 0; i < TD_ARRAY_SIZE(bad); i++) {
		int64_t bytes = -7;

		ck_assert_msg(td_size_parse(bad[i], &bytes) == -TASKD_EINVAL, "'%s' is taken",
			      bad[i]);
		ck_assert_int_eq(bytes, -7);
	}
}
END_TEST

START_TEST(sizes_are_printed)
{
	char buffer[TD_DURATION_TEXT];

	ck_assert_str_eq(td_size_print(0, buffer), "0");
	ck_assert_str_eq(td_size_print(1023, buffer), "1023");
	ck_assert_str_eq(td_size_print(1024, buffer), "1K");
	ck_assert_str_eq(td_size_print(1536, buffer), "1.5K");
	ck_assert_str_eq(td_size_print(INT64_C(2) << 30, buffer), "2G");
	ck_assert_str_eq(td_size_print(-2048, buffer), "-2K");
	ck_assert_str_eq(td_size_print(INT64_MAX, buffer), "7.999E");
	ck_assert_str_eq(td_size_print(INT64_MIN, buffer), "-8E");
}
END_TEST

START_TEST(integers_are_whole_and_fit)
{
	static const char *const bad[] = {
		"",
		"+",
		"-",
		" 1",
		"1 ",
		"1.0",
		"0x1",
		"1e3",
		"--1",
		"+-1",
		"a",
		"9223372036854775808",
		"-9223372036854775809",
		"99999999999999999999999",
	};
	int64_t value;

	ck_assert_int_eq(td_integer_parse("0", &value), 0);
	ck_assert_int_eq(value, 0);
	ck_assert_int_eq(td_integer_parse("+12", &value), 0);
	ck_assert_int_eq(value, 12);
	ck_assert_int_eq(td_integer_parse("-0", &value), 0);
	ck_assert_int_eq(value, 0);
	ck_assert_int_eq(td_integer_parse("9223372036854775807", &value), 0);
	ck_assert_int_eq(value, INT64_MAX);
	ck_assert_int_eq(td_integer_parse("-9223372036854775808", &value), 0);
	ck_assert_int_eq(value, INT64_MIN);
	for (size_t i = 0; i < TD_ARRAY_SIZE(bad); i++) {
		value = 77;
		ck_assert_msg(td_integer_parse(bad[i], &value) == -TASKD_EINVAL, "'%s' is taken",
			      bad[i]);
		ck_assert_int_eq(value, 77);
	}
}
END_TEST

START_TEST(booleans_are_words)
{
	static const char *const yes[] = {"yes", "true", "on", "1"};
	static const char *const no[] = {"no", "false", "off", "0"};
	static const char *const bad[] = {"", "Yes", "y", "2", "yes ", "01"};
	bool value;

	for (size_t i = 0; i < TD_ARRAY_SIZE(yes); i++) {
		value = false;
		ck_assert_int_eq(td_boolean_parse(yes[i], &value), 0);
		ck_assert(value);
		ck_assert_int_eq(td_boolean_parse(no[i], &value), 0);
		ck_assert(!value);
	}
	for (size_t i = 0; i < TD_ARRAY_SIZE(bad); i++)
		ck_assert_int_eq(td_boolean_parse(bad[i], &value), -TASKD_EINVAL);
}
END_TEST

TD_TEST_MAIN("duration", durations_are_read, what_is_no_duration_is_refused, durations_are_printed,
	     a_printed_duration_is_read_back, sizes_are_read, sizes_are_printed,
	     integers_are_whole_and_fit, booleans_are_words)
