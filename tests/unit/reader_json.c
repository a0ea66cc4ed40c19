/* SPDX-License-Identifier: BSD-2-Clause */
/* reader_json.c - what the parser takes, what it refuses, and that numbers stay exact */
#include <stdlib.h>
#include <string.h>

#include "reader/json.h"
#include "tests/lib/unit.h"

/* The bytes in a block of just their size, so that ASan sees a read beyond. */
static int parse(struct json_tree *tree, const char *bytes, size_t nr, struct scxray_error *err)
{
	char *exact = calloc(1, nr ? nr : 1);
	int ret;

	memcpy(exact, bytes, nr);
	ret = json_tree_parse(tree, exact, nr, err);
	free(exact);
	return ret;
}

#define ck_refused(bytes)                                                                     \
	do {                                                                                  \
		struct scxray_error err_ = { 0 };                                             \
		struct json_tree tree_;                                                       \
		ck_assert_msg(parse(&tree_, bytes, sizeof(bytes) - 1, &err_) == -1, "taken"); \
		ck_assert(!tree_.root && strstr(err_.text, "line "));                         \
		json_tree_deinit(&tree_);                                                     \
	} while (0)

START_TEST(all_forms)
{
	static const char text[] =
		" {\"a\" : [1, -2.5e3, true, false, null, \"x\"] ,\n\"b\":{}, \"\":[]}\t";
	struct scxray_error err = { 0 };
	const struct json_value *a;
	struct json_tree tree;
	uint64_t n;

	ck_assert_int_eq(parse(&tree, text, sizeof(text) - 1, &err), 0);
	ck_assert_int_eq(tree.root->kind, JSON_OBJECT);
	ck_assert_int_eq(tree.root->nr, 3);
	a = doc_member(tree.root, "a");
	ck_assert_int_eq(a->nr, 6);
	ck_assert(doc_get_u64(doc_element(a, 0), &n) && n == 1);
	ck_assert_double_eq(doc_number(doc_element(a, 1)), -2500);
	ck_assert_int_eq(doc_element(a, 2)->kind, JSON_TRUE);
	ck_assert_int_eq(doc_element(a, 3)->kind, JSON_FALSE);
	ck_assert_int_eq(doc_element(a, 4)->kind, JSON_NULL);
	ck_assert(doc_is(doc_element(a, 5), "x"));
	ck_assert_ptr_null(doc_element(a, 6));
	ck_assert_ptr_null(doc_member(a, "x"));
	ck_assert_int_eq(doc_member(tree.root, "b")->nr, 0);
	ck_assert(doc_follow(tree.root, "a[5]") == doc_element(a, 5));
	ck_assert_ptr_null(doc_follow(tree.root, "a[5].x"));
	ck_assert_ptr_null(doc_follow(tree.root, "c"));
	json_tree_deinit(&tree);
}
END_TEST

START_TEST(numbers_are_exact)
{
	static const char text[] =
		"[18446744073709551615,18446744073709551616,-9223372036854775808,"
		"-9223372036854775809,1.0,9007199254740993]";
	struct scxray_error err = { 0 };
	struct json_tree tree;
	uint64_t n;
	int64_t i;

	ck_assert_int_eq(parse(&tree, text, sizeof(text) - 1, &err), 0);
	ck_assert(doc_get_u64(doc_element(tree.root, 0), &n) && n == UINT64_MAX);
	ck_assert(!doc_get_i64(doc_element(tree.root, 0), &i));
	ck_assert(!doc_get_u64(doc_element(tree.root, 1), &n));
	ck_assert(doc_get_i64(doc_element(tree.root, 2), &i) && i == INT64_MIN);
	ck_assert(!doc_get_u64(doc_element(tree.root, 2), &n));
	ck_assert(!doc_get_i64(doc_element(tree.root, 3), &i));
	ck_assert(!doc_get_u64(doc_element(tree.root, 4), &n));
	ck_assert(doc_get_u64(doc_element(tree.root, 5), &n) && n == 9007199254740993);
	json_tree_deinit(&tree);
}
END_TEST

START_TEST(strings)
{
	static const char text[] =
		"[\"\\\"\\\\\\/\\b\\f\\n\\r\\t\",\"\\u0041\\u00e9\\u20ac\\ud83d\\ude00\","
		"\"\xc3\xa9\",\"a\\u0000b\"]";
	struct scxray_error err = { 0 };
	struct json_tree tree;

	ck_assert_int_eq(parse(&tree, text, sizeof(text) - 1, &err), 0);
	ck_assert_str_eq(doc_text(doc_element(tree.root, 0)), "\"\\/\b\f\n\r\t");
	ck_assert_str_eq(doc_text(doc_element(tree.root, 1)),
			 "A\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80");
	ck_assert_str_eq(doc_text(doc_element(tree.root, 2)), "\xc3\xa9");
	ck_assert_int_eq(doc_element(tree.root, 3)->len, 3);
	json_tree_deinit(&tree);
}
END_TEST

START_TEST(what_is_refused)
{
	ck_refused("");
	ck_refused(" ");
	ck_refused("{");
	ck_refused("[1,]");
	ck_refused("[1 2]");
	ck_refused("{\"a\":1,}");
	ck_refused("{\"a\" 1}");
	ck_refused("{a:1}");
	ck_refused("{\"a\":1}x");
	ck_refused("{\"a\":1,\"b\":2,\"a\":3}");
	ck_refused("{\"a\\u0000b\":1}");
	ck_refused("nul");
	ck_refused("NaN");
	ck_refused("01");
	ck_refused("-");
	ck_refused("1.");
	ck_refused("1e");
	ck_refused(".5");
	ck_refused("+1");
	ck_refused("\"");
	ck_refused("\"\\");
	ck_refused("\"\\\"");
	ck_refused("\"\\x\"");
	ck_refused("\"\\u12\"");
	ck_refused("\"\\ud800\"");
	ck_refused("\"\\ud800\\u0041\"");
	ck_refused("\"\\udc00\"");
	ck_refused("\"\n\"");
	ck_refused("\"\xff\"");
	ck_refused("\"\xc0\x80\"");
	ck_refused("\"\xed\xa0\x80\"");
	ck_refused("\"\xf4\x90\x80\x80\"");
	ck_refused("\"\xe2\x82\"");
}
END_TEST

START_TEST(depth_is_bounded)
{
	enum {
		DEEP = 100000
	};
	struct scxray_error err = { 0 };
	struct json_tree tree;
	char *text = malloc(DEEP);

	memset(text, '[', DEEP);
	ck_assert_int_eq(parse(&tree, text, DEEP, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "too deep"));
	json_tree_deinit(&tree);
	memset(text + 300, ']', 300);
	ck_assert_int_eq(parse(&tree, text, 600, &err), 0);
	json_tree_deinit(&tree);
	free(text);
}
END_TEST

static const unit_test tests[] = {
	&all_forms, &numbers_are_exact, &strings, &what_is_refused, &depth_is_bounded,
};

UNIT_MAIN("reader_json", tests)
