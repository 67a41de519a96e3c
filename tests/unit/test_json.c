/* SPDX-License-Identifier: MIT */
/* Tests of wire/json.h: typed reading, exact integers, writing, the way back. */
#include "wire/json.h"

#include <string.h>

#include <taskd/error.h>

#include "base/mem.h"
#include "base/rand.h"
#include "tdtest.h"

static struct td_json *parse(const char *text)
{
	struct td_failure failure = {.code = 0};
	struct td_json *json = NULL;
	int r = td_json_parse(text, strlen(text), &json, &failure);

	ck_assert_msg(r == 0, "'%s': %s", text, failure.text);
	return json;
}

START_TEST(members_are_read_by_type)
{
	struct td_json *json = parse("{\"s\":\"text\",\"i\":7,\"b\":true,\"f\":2.5,"
				     "\"o\":{\"x\":1},\"a\":[1,2],\"n\":null}");
	const struct td_json *inner = NULL;
	const char *text = NULL;
	int64_t number = 0;
	bool yes = false;
	double real = 0;

	ck_assert_int_eq(td_json_string(json, "s", &text), 1);
	ck_assert_str_eq(text, "text");
	ck_assert_int_eq(td_json_int(json, "i", &number), 1);
	ck_assert_int_eq(number, 7);
	ck_assert_int_eq(td_json_bool(json, "b", &yes), 1);
	ck_assert(yes);
	ck_assert_int_eq(td_json_float(json, "f", &real), 1);
	ck_assert_double_eq(real, 2.5);
	ck_assert_int_eq(td_json_float(json, "i", &real), 1);
	ck_assert_double_eq(real, 7);
	ck_assert_int_eq(td_json_object(json, "o", &inner), 1);
	ck_assert_int_eq(td_json_int_or(inner, "x", 0), 1);
	ck_assert_int_eq(td_json_array(json, "a", &inner), 1);
	ck_assert_uint_eq(td_json_size(inner), 2);
	ck_assert_uint_eq(td_json_size(json), 7);
	ck_assert_ptr_null(td_json_free(json));
}
END_TEST

START_TEST(null_is_absent_and_another_type_is_an_error)
{
	struct td_json *json = parse("{\"s\":\"text\",\"n\":null,\"f\":1.0}");
	const char *text = "before";
	int64_t number = 77;

	ck_assert_int_eq(td_json_string(json, "n", &text), 0);
	ck_assert_int_eq(td_json_string(json, "absent", &text), 0);
	ck_assert_int_eq(td_json_string(NULL, "absent", &text), 0);
	ck_assert_int_eq(td_json_string(json, "f", &text), -TASKD_EINVAL);
	ck_assert_int_eq(td_json_string(json, NULL, &text), -TASKD_EINVAL);
	ck_assert_str_eq(text, "before");
	ck_assert_int_eq(td_json_int(json, "f", &number), -TASKD_EINVAL);
	ck_assert_int_eq(td_json_int(json, "s", &number), -TASKD_EINVAL);
	ck_assert_int_eq(td_json_int(td_json_get(json, "s"), "x", &number), -TASKD_EINVAL);
	ck_assert_int_eq(number, 77);
	ck_assert_ptr_null(td_json_get(json, "n"));
	ck_assert_ptr_null(td_json_get(json, "S"));
	ck_assert_str_eq(td_json_text_or(json, "f", "-"), "-");
	ck_assert(td_json_bool_or(json, "s", true));
	td_json_free(json);
	ck_assert_ptr_null(td_json_free(NULL));
}
END_TEST

START_TEST(integers_are_exact)
{
	static const int64_t values[] = {0,
					 1,
					 -1,
					 INT64_MAX,
					 INT64_MIN,
					 INT64_C(1763651234567890),
					 INT64_C(9007199254740993)};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct td_strbuf buf = TD_STRBUF_INIT;
		struct td_json_writer w = TD_JSON_WRITER_INIT(&buf);
		struct td_json *json;
		int64_t back = 99;

		td_json_begin_array(&w, NULL);
		/* A text that looks like a number stands before it. */
		td_json_add_string(&w, NULL, "-1 \\\" 2");
		td_json_add_int(&w, NULL, values[i]);
		td_json_end_array(&w);
		json = parse(td_strbuf_text(&buf));
		ck_assert_int_eq(td_json_int(td_json_next(td_json_first(json)), NULL, &back), 1);
		ck_assert_int_eq(back, values[i]);
		td_json_free(json);
		td_strbuf_fini(&buf);
	}
}
END_TEST

START_TEST(members_are_stepped_through_in_order)
{
	struct td_json *json = parse("{\"z\":1,\"a\":null,\"m\":{}}");
	const struct td_json *member;
	char keys[8] = "";
	size_t n = 0;

	TD_JSON_FOREACH (member, json)
		keys[n++] = td_json_key(member)[0];
	ck_assert_str_eq(keys, "zam");
	member = td_json_next(td_json_first(json));
	ck_assert_int_eq(td_json_type(member), TD_JSON_NULL);
	ck_assert_ptr_null(td_json_key(json));
	ck_assert_ptr_null(td_json_first(td_json_get(json, "z")));
	ck_assert_ptr_null(td_json_first(NULL));
	ck_assert_ptr_null(td_json_next(NULL));
	ck_assert_uint_eq(td_json_size(NULL), 0);
	td_json_free(json);
}
END_TEST

START_TEST(types_have_the_names_of_the_interface_language)
{
	ck_assert_str_eq(td_json_type_name(td_json_type(NULL)), "null");
	ck_assert_str_eq(td_json_type_name(TD_JSON_INT), "int");
	ck_assert_str_eq(td_json_type_name(TD_JSON_OBJECT), "object");
}
END_TEST

START_TEST(what_the_scanner_refuses_is_not_read)
{
	static const char text[] = "{\"a\":1,\"a\":2}";
	struct td_failure failure = {.code = 0};
	struct td_json *json = NULL;

	ck_assert_int_eq(td_json_parse(text, strlen(text), &json, &failure), -TASKD_EPROTO);
	ck_assert_ptr_null(json);
	ck_assert_str_eq(failure.text, "byte 7: the key \"a\" is given twice");
}
END_TEST

START_TEST(texts_are_escaped)
{
	struct td_strbuf buf = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&buf);

	td_json_begin_object(&w, NULL);
	td_json_add_string(&w, "k\"", "\"\\/\b\f\n\r\t\x01\x1F\x7F");
	td_json_add_bytes(&w, "nul", "a\0b", 3);
	td_json_add_string(&w, "bad",
			   "\xFF"
			   "a\xC3"
			   "b\xE2\x82");
	td_json_add_string(&w, "good", "\xC3\xA9\xF0\x9F\x98\x80");
	td_json_add_string(&w, "", "");
	td_json_end_object(&w);
	ck_assert_str_eq(td_strbuf_text(&buf),
			 "{\"k\\\"\":\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7F\","
			 "\"nul\":\"a\\u0000b\","
			 "\"bad\":\"\xEF\xBF\xBD"
			 "a\xEF\xBF\xBD"
			 "b\xEF\xBF\xBD\xEF\xBF\xBD\","
			 "\"good\":\"\xC3\xA9\xF0\x9F\x98\x80\",\"\":\"\"}");
	td_strbuf_fini(&buf);
}
END_TEST

START_TEST(every_kind_of_value_is_written)
{
	struct td_strbuf buf = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&buf);

	td_json_begin_object(&w, NULL);
	td_json_begin_array(&w, "list");
	td_json_add_int(&w, NULL, INT64_MIN);
	td_json_begin_object(&w, NULL);
	td_json_end_object(&w);
	td_json_begin_array(&w, NULL);
	td_json_end_array(&w);
	td_json_add_null(&w, NULL);
	td_json_end_array(&w);
	td_json_add_bool(&w, "yes", true);
	td_json_add_bool(&w, "no", false);
	td_json_add_optional(&w, "absent", NULL);
	td_json_add_optional(&w, "there", "x");
	td_json_add_raw(&w, "raw", "[1]");
	td_json_end_object(&w);
	ck_assert_str_eq(td_strbuf_text(&buf),
			 "{\"list\":[-9223372036854775808,{},[],null],\"yes\":true,"
			 "\"no\":false,\"there\":\"x\",\"raw\":[1]}");
	td_strbuf_fini(&buf);
}
END_TEST

START_TEST(a_value_is_copied_with_the_spelling_of_its_numbers)
{
	static const char text[] = "{\"a\":[1,-2.50,1e3,true,null,\"x\\ny\",{\"b\":{}}],"
				   "\"t\":1763651234567890,\"s\":\"\xC3\xA9\"}";
	struct td_json *json = parse(text);
	struct td_strbuf buf = TD_STRBUF_INIT;
	struct td_json_writer w = TD_JSON_WRITER_INIT(&buf);

	td_json_add_value(&w, NULL, json);
	ck_assert_str_eq(td_strbuf_text(&buf), text);
	td_strbuf_fini(&buf);
	td_json_free(json);
}
END_TEST

START_TEST(any_bytes_written_are_read_back)
{
	struct td_rand rand;

	td_rand_seed(&rand, td_test_seed());
	for (int i = 0; i < 3000; i++) {
		struct td_strbuf buf = TD_STRBUF_INIT;
		struct td_json_writer w = TD_JSON_WRITER_INIT(&buf);
		size_t n = td_rand_below(&rand, 20);
		char bytes[20];

		for (size_t j = 0; j < n; j++)
			bytes[j] = (char)(1 + td_rand_below(&rand, 255));
		td_json_add_bytes(&w, NULL, bytes, n);
		td_json_free(parse(td_strbuf_text(&buf)));
		td_strbuf_fini(&buf);
	}
}
END_TEST

START_TEST(no_allocation_that_fails_leaks)
{
	static const char text[] = "{\"a\":[1,2.5,\"x\",{\"b\":null}],\"c\":true}";
	struct td_json *json = NULL;

	TD_TEST_TORTURE(td_json_parse(text, strlen(text), &json, NULL));
	ck_assert_uint_eq(td_json_size(json), 2);
	td_json_free(json);
}
END_TEST

TD_TEST_MAIN("json", members_are_read_by_type, null_is_absent_and_another_type_is_an_error,
	     integers_are_exact, members_are_stepped_through_in_order,
	     types_have_the_names_of_the_interface_language, what_the_scanner_refuses_is_not_read,
	     texts_are_escaped, every_kind_of_value_is_written,
	     a_value_is_copied_with_the_spelling_of_its_numbers, any_bytes_written_are_read_back,
	     no_allocation_that_fails_leaks)
