/* SPDX-License-Identifier: MIT */
/* Tests of wire/idl.h: the interface language, its errors, checks of values, the way back. */
#include "wire/idl.h"

#include <string.h>

#include <taskd/error.h>

#include "base/assert.h"
#include "base/mem.h"
#include "tdtest.h"
#include "wire/interfaces.h"
#include "wire/json.h"

static const char example[] = "# What it is.\n"
			      "# Two lines.\n"
			      "interface org.example.test-1\n"
			      "\n"
			      "# Detached by an empty line.\n"
			      "\n"
			      "type Colour (red, green)\n"
			      "# A node.\n"
			      "type Node (\n"
			      "  # its name\n"
			      "  name: string, # not documentation\n"
			      "  below: ?[]Node,\n"
			      "  colour: ?Colour,\n"
			      "  sizes: [string]?int,\n"
			      "  flat: (a: bool, b: (one, two)),\n"
			      "  half: ?float,\n"
			      "  other: ?object,\n"
			      "  set: ?[string](),\n"
			      "  free: any\n"
			      ")\n"
			      "method Get(node: Node, limit: ?int) -> (nodes: []Node)\n"
			      "method Nothing() -> ()\n"
			      "error Broken(why: string)\n"
			      "# the end\n";

static struct td_idl *parse(const char *text)
{
	struct td_failure failure = {.code = 0};
	struct td_idl *idl = NULL;
	int r = td_idl_parse(text, &idl, &failure);

	ck_assert_msg(r == 0, "%s\n%s", failure.text, text);
	return idl;
}

START_TEST(an_interface_is_read_into_tables)
{
	struct td_idl *idl = parse(example);
	const struct td_idl_member *node = td_idl_find(idl, TD_IDL_TYPE, "Node");
	const struct td_idl_member *get = td_idl_find(idl, TD_IDL_METHOD, "Get");
	size_t n;

	ck_assert_str_eq(td_idl_name(idl), "org.example.test-1");
	ck_assert_str_eq(td_idl_doc(idl), "What it is.\nTwo lines.");
	ck_assert_str_eq(td_idl_text(idl), example);
	td_idl_members(idl, &n);
	ck_assert_uint_eq(n, 5);
	ck_assert_ptr_null(td_idl_find(idl, TD_IDL_TYPE, "Colour")->doc);
	ck_assert_int_eq(td_idl_find(idl, TD_IDL_TYPE, "Colour")->type->kind, TD_IDL_ENUM);
	ck_assert_str_eq(node->doc, "A node.");
	ck_assert_uint_eq(node->type->n_fields, 9);
	ck_assert_str_eq(node->type->fields[0].doc, "its name");
	ck_assert_ptr_null(node->type->fields[1].doc);
	ck_assert(node->type->fields[1].type->nullable);
	ck_assert_int_eq(node->type->fields[1].type->kind, TD_IDL_ARRAY);
	ck_assert_ptr_eq(node->type->fields[1].type->of->of, node->type);
	ck_assert(!node->type->fields[3].type->nullable);
	ck_assert(node->type->fields[3].type->of->nullable);
	ck_assert_str_eq(get->reply->fields[0].name, "nodes");
	ck_assert_uint_eq(td_idl_find(idl, TD_IDL_METHOD, "Nothing")->reply->n_fields, 0);
	ck_assert_ptr_null(td_idl_find(idl, TD_IDL_ERROR, "Get"));
	ck_assert_ptr_null(td_idl_find(idl, TD_IDL_METHOD, "get"));
	ck_assert_ptr_nonnull(td_idl_find(idl, TD_IDL_ERROR, "Broken"));
	ck_assert_ptr_null(td_idl_free(idl));
	ck_assert_ptr_null(td_idl_free(NULL));
}
END_TEST

static const struct {
	const char *text, *expected;
} broken[] = {
	{"", "1:1: expected 'interface'"},
	{"Interface a.b", "1:1: expected 'interface'"},
	{"interface\na.b", "1:1: expected 'interface'"},
	{"interface a", "1:11: expected the name of an interface"},
	{"interface a.", "1:11: expected the name of an interface"},
	{"interface a..b", "1:11: expected the name of an interface"},
	{"interface 1.b", "1:11: expected the name of an interface"},
	{"interface a.b-", "1:11: expected the name of an interface"},
	{"interface a-.b", "1:11: expected the name of an interface"},
	{"interface a.-b", "1:11: expected the name of an interface"},
	{"interface a_b.c", "1:11: expected the name of an interface"},
	{"interface a.b type A (a: int)", "1:15: expected a new line"},
	{"interface a.b\ntype A (a: int) type B (b: int)", "2:17: expected a new line"},
	{"interface a.b\nmethod A() -> () method B() -> ()", "2:18: expected a new line"},
	{"interface a.b\nstruct A ()", "2:1: expected 'type', 'method' or 'error'"},
	{"interface a.b\ntype a (a: int)", "2:6: expected a name"},
	{"interface a.b\ntype A_b (a: int)", "2:6: expected a name"},
	{"interface a.b\ntype A [](a: int)", "2:8: expected '('"},
	{"interface a.b\ntype A int", "2:8: expected '('"},
	{"interface a.b\ntype A (a: int,)", "2:16: expected a field name"},
	{"interface a.b\ntype A (a: int b: int)", "2:16: expected ',' or ')'"},
	{"interface a.b\ntype A (a_: int)", "2:9: expected a field name"},
	{"interface a.b\ntype A (_a: int)", "2:9: expected a field name"},
	{"interface a.b\ntype A (a__b: int)", "2:9: expected a field name"},
	{"interface a.b\ntype A (1a: int)", "2:9: expected a field name"},
	{"interface a.b\ntype A (a-b: int)", "2:10: expected ',' or ')'"},
	{"interface a.b\ntype A (a: int, b)", "2:18: expected ':' and a type"},
	{"interface a.b\ntype A (a, b: int)", "2:13: a type in a list of names"},
	{"interface a.b\ntype A (a: int, a: int)", "2:17: a is there already"},
	{"interface a.b\ntype A (a, b, a)", "2:15: a is there already"},
	{"interface a.b\ntype A ()\nerror A ()", "3:7: A is there already"},
	{"interface a.b\ntype A (a: integer)", "2:12: expected a type"},
	{"interface a.b\ntype A (a: )", "2:12: expected a type"},
	{"interface a.b\ntype A (a: ?"
	 "?int)",
	 "2:13: '?' is given twice"},
	{"interface a.b\ntype A (a: ? int)", "2:13: expected a type"},
	{"interface a.b\ntype A (a: [int]bool)", "2:12: expected '[]' or '[string]'"},
	{"interface a.b\ntype A (a: [ ]bool)", "2:12: expected '[]' or '[string]'"},
	{"interface a.b\ntype A (\n  a: B,\n  b: C)", "3:6: B is no type"},
	{"interface a.b\nmethod B() -> ()\ntype A (a: B)", "3:12: B is no type"},
	{"interface a.b\nmethod A()", "2:11: expected '->'"},
	{"interface a.b\nmethod A() ->", "2:14: expected '('"},
	{"interface a.b\nmethod A(x) -> ()", "2:12: expected fields with types"},
	{"interface a.b\nerror A (x, y)", "2:15: expected fields with types"},
	{"interface a.b\nerror A", "2:8: expected '('"},
	{"interface a.b\ntype A (a: int", "2:15: expected ',' or ')'"},
	{"interface a.b # \x01", "1:17: a control character in a comment"},
	{"interface a.b # \xFF", "1:17: invalid UTF-8"},
	{"interface a.b\xC3\xA9", "1:14: expected a new line"},
	{"interface a.b\ntype A (a: [][][][][][][][][][][][][][][][][]int)",
	 "2:42: more than 16 types"},
};

START_TEST(errors_name_line_and_column)
{
	for (size_t i = 0; i < TD_ARRAY_SIZE(broken); i++) {
		struct td_failure failure = {.code = 0};
		struct td_idl *idl = NULL;
		int r = td_idl_parse(broken[i].text, &idl, &failure);

		ck_assert_msg(r == -TASKD_EINVAL, "'%s' is taken", broken[i].text);
		ck_assert_ptr_null(idl);
		ck_assert_msg(
			strncmp(failure.text, broken[i].expected, strlen(broken[i].expected)) == 0,
			"'%s': '%s' instead of '%s'", broken[i].text, failure.text,
			broken[i].expected);
	}
}
END_TEST

START_TEST(every_cut_of_an_interface_is_read_or_refused)
{
	for (size_t n = 0; n < strlen(example); n++) {
		char *cut = td_mem_strndup(example, n);
		struct td_idl *idl = NULL;
		int r = td_idl_parse(cut, &idl, NULL);

		ck_assert(r == 0 || r == -TASKD_EINVAL);
		td_idl_free(idl);
		td_mem_free(cut);
	}
}
END_TEST

static char *print(const struct td_idl *idl)
{
	struct td_strbuf buf = TD_STRBUF_INIT;

	td_idl_print(idl, &buf);
	return td_strbuf_take(&buf);
}

START_TEST(an_interface_is_printed_in_normal_form)
{
	struct td_idl *idl = parse("# A doc.\n#\n#  indented\ninterface   a.b#x\r\n\n\n"
				   "type A(a:int,b:?[]string)\r\n"
				   "error Long(first_field: string, second_field: string, "
				   "third_field: string, x: int)\n"
				   "method M( # no\n # yes\n a : [string](x, y) )->(b:()) # no");
	char *text = print(idl);

	ck_assert_str_eq(text, "# A doc.\n"
			       "#\n"
			       "#  indented\n"
			       "interface a.b\n"
			       "\n"
			       "type A (a: int, b: ?[]string)\n"
			       "\n"
			       "error Long(\n"
			       "  first_field: string,\n"
			       "  second_field: string,\n"
			       "  third_field: string,\n"
			       "  x: int\n"
			       ")\n"
			       "\n"
			       "method M(\n"
			       "  # yes\n"
			       "  a: [string](x, y)\n"
			       ") -> (b: ())\n");
	td_mem_free(text);
	td_idl_free(idl);
}
END_TEST

START_TEST(what_is_printed_is_read_back)
{
	const char *const texts[] = {example, td_interface_io_taskd_Manager,
				     td_interface_org_varlink_service};

	for (size_t i = 0; i < TD_ARRAY_SIZE(texts); i++) {
		struct td_idl *idl = parse(texts[i]), *again;
		char *once = print(idl), *twice;

		again = parse(once);
		twice = print(again);
		ck_assert_str_eq(once, twice);
		td_mem_free(once);
		td_mem_free(twice);
		td_idl_free(idl);
		td_idl_free(again);
	}
}
END_TEST

START_TEST(the_control_interface_has_every_error_of_the_list)
{
	struct td_idl *idl = parse(td_interface_io_taskd_Manager);

	ck_assert_str_eq(td_idl_name(idl), TD_MANAGER_INTERFACE);
#define CHECK_ERROR(number, id, what, wire)                                                \
	do {                                                                               \
		const struct td_idl_member *error = td_idl_find(idl, TD_IDL_ERROR, #wire); \
		ck_assert_ptr_nonnull(error);                                              \
		ck_assert_str_eq(error->type->fields[0].name, "message");                  \
	} while (0);
	TASKD_ERROR_LIST(CHECK_ERROR)
#undef CHECK_ERROR
	td_idl_free(idl);
}
END_TEST

#define NODE "\"name\":\"x\",\"sizes\":{},\"flat\":{\"a\":true,\"b\":\"one\"}"

static const struct {
	const char *json, *subject, *text; /* NULL: it fits */
} values[] = {
	{"{\"node\":{" NODE "}}", NULL, NULL},
	{"{\"node\":{" NODE ",\"colour\":null,\"below\":[]},\"limit\":5}", NULL, NULL},
	{"{\"node\":{" NODE ",\"colour\":\"red\",\"half\":2,\"other\":{\"q\":[]}}}", NULL, NULL},
	{"{\"node\":{" NODE ",\"half\":0.5,\"set\":{\"x\":{}},\"free\":[1]}}", NULL, NULL},
	{"{\"node\":{" NODE ",\"below\":[{" NODE "}]}}", NULL, NULL},
	{"{\"node\":{\"name\":\"x\",\"sizes\":{\"a\":1,\"b\":null},"
	 "\"flat\":{\"a\":true,\"b\":\"two\"}}}",
	 NULL, NULL},
	{"{}", "node", "parameters.node: is missing"},
	{"null", "node", "parameters.node: is missing"},
	{"[]", "", "parameters: expected an object, not array"},
	{"{\"node\":null}", "node", "parameters.node: is missing"},
	{"{\"node\":1}", "node", "parameters.node: expected an object, not int"},
	{"{\"node\":{" NODE "},\"limits\":1}", "limits",
	 "parameters.limits: there is no such parameter, did you mean limit?"},
	{"{\"node\":{" NODE "},\"Limit\":null}", "Limit",
	 "parameters.Limit: there is no such parameter, did you mean limit?"},
	{"{\"node\":{" NODE "},\"\\u001b[2J\":1}", ".[2J",
	 "parameters..[2J: there is no such parameter"},
	{"{\"node\":{" NODE "},\"limit\":1.5}", "limit",
	 "parameters.limit: expected int, not float"},
	{"{\"node\":{" NODE "},\"limit\":\"5\"}", "limit",
	 "parameters.limit: expected int, not string"},
	{"{\"node\":{" NODE ",\"below\":[{" NODE "},{\"name\":\"y\"}]}}", "node.below[1].sizes",
	 "parameters.node.below[1].sizes: is missing"},
	{"{\"node\":{" NODE ",\"below\":[null]}}", "node.below[0]",
	 "parameters.node.below[0]: is missing"},
	{"{\"node\":{" NODE ",\"below\":{}}}", "node.below",
	 "parameters.node.below: expected []Node, not object"},
	{"{\"node\":{" NODE ",\"colour\":\"blue\"}}", "node.colour",
	 "parameters.node.colour: expected one of (red, green), not 'blue'"},
	{"{\"node\":{" NODE ",\"other\":[]}}", "node.other",
	 "parameters.node.other: expected an object, not array"},
	{"{\"node\":{" NODE ",\"set\":{\"x\":1}}}", "node.set.x",
	 "parameters.node.set.x: expected an object, not int"},
	{"{\"node\":{" NODE ",\"set\":{\"x\":{\"y\":1}}}}", "node.set.x.y",
	 "parameters.node.set.x.y: there is no such parameter"},
};

START_TEST(values_are_checked_and_the_place_is_named)
{
	struct td_idl *idl = parse(example);
	const struct td_idl_type *type = td_idl_find(idl, TD_IDL_METHOD, "Get")->type;

	for (size_t i = 0; i < TD_ARRAY_SIZE(values); i++) {
		struct td_failure failure = {.code = 0};
		struct td_json *json = NULL;
		int r;

		ck_assert_int_eq(
			td_json_parse(values[i].json, strlen(values[i].json), &json, &failure), 0);
		r = td_idl_check(type, json, &failure);
		ck_assert_msg(r == (values[i].text != NULL ? -TASKD_EINVAL : 0), "%s: %d %s",
			      values[i].json, r, failure.text);
		if (values[i].text != NULL) {
			ck_assert_str_eq(failure.text, values[i].text);
			ck_assert_str_eq(failure.subject, values[i].subject);
		}
		td_json_free(json);
	}
	type = td_idl_find(idl, TD_IDL_METHOD, "Nothing")->type;
	ck_assert_int_eq(td_idl_check(type, NULL, NULL), 0);
	td_idl_free(idl);
}
END_TEST

START_TEST(no_allocation_that_fails_leaks)
{
	struct td_idl *idl = NULL;

	TD_TEST_TORTURE(td_idl_parse(example, &idl, NULL));
	td_idl_free(idl);
}
END_TEST

START_TEST(many_members_and_fields_are_read_in_time)
{
	struct td_strbuf text = TD_STRBUF_INIT;
	struct td_failure failure = {.code = 0};
	struct td_idl *idl = NULL;

	td_strbuf_adds(&text, "interface a.b\n");
	for (int i = 0; i < 20000; i++)
		td_strbuf_addf(&text, "# \xC3\xA9\ntype T%d (a: int)\n", i);
	td_idl_free(parse(td_strbuf_text(&text)));
	td_strbuf_adds(&text, "type Wide (f0: int");
	for (int i = 1; i <= 1024; i++)
		td_strbuf_addf(&text, ", f%d: int", i);
	td_strbuf_adds(&text, ")\n");
	ck_assert_int_eq(td_idl_parse(td_strbuf_text(&text), &idl, &failure), -TASKD_EINVAL);
	ck_assert_ptr_nonnull(strstr(failure.text, "more than 1024 fields"));
	while (td_strbuf_ok(&text) && text.length <= TD_IDL_TEXT_MAX)
		td_strbuf_adds(&text, "# ................................................\n");
	failure.code = 0;
	ck_assert_int_eq(td_idl_parse(td_strbuf_text(&text), &idl, &failure), -TASKD_EINVAL);
	ck_assert_ptr_nonnull(strstr(failure.text, "at most 1048576 bytes"));
	td_strbuf_fini(&text);
}
END_TEST

TD_TEST_MAIN("idl", an_interface_is_read_into_tables, errors_name_line_and_column,
	     every_cut_of_an_interface_is_read_or_refused, an_interface_is_printed_in_normal_form,
	     what_is_printed_is_read_back, the_control_interface_has_every_error_of_the_list,
	     values_are_checked_and_the_place_is_named, no_allocation_that_fails_leaks,
	     many_members_and_fields_are_read_in_time)
