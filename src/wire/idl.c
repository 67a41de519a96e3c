/* SPDX-License-Identifier: MIT */
/* What an interface is asked for, how it is freed, and how it is printed. */
#include "wire/idl.h"

#include <stddef.h>
#include <string.h>

#include "base/assert.h"
#include "base/mem.h"
#include "wire/idl_priv.h"

#define LINE_MAX_FLAT 80 /* columns; a longer list of fields takes one line for each */
#define INDENT 2

struct td_idl_chunk {
	struct td_idl_chunk *next;
	max_align_t data[];
};

void *td_idl_alloc(struct td_idl *idl, size_t size)
{
	struct td_idl_chunk *chunk = td_mem_new(sizeof(*chunk) + size);

	if (chunk == NULL)
		return NULL;
	chunk->next = idl->chunks;
	idl->chunks = chunk;
	return chunk->data;
}

struct td_idl *td_idl_free(struct td_idl *idl)
{
	if (idl == NULL)
		return NULL;
	TD_CHECK(idl, TD_IDL_MAGIC);
	idl->magic = 0;
	td_map_free(idl->by_name);
	while (idl->chunks != NULL) {
		struct td_idl_chunk *chunk = idl->chunks;

		idl->chunks = chunk->next;
		td_mem_free(chunk);
	}
	return td_mem_free(idl);
}

const char *td_idl_name(const struct td_idl *idl)
{
	TD_CHECK(idl, TD_IDL_MAGIC);
	return idl->name;
}

const char *td_idl_doc(const struct td_idl *idl)
{
	TD_CHECK(idl, TD_IDL_MAGIC);
	return idl->doc;
}

const char *td_idl_text(const struct td_idl *idl)
{
	TD_CHECK(idl, TD_IDL_MAGIC);
	return idl->text;
}

const struct td_idl_member *td_idl_members(const struct td_idl *idl, size_t *ret_n)
{
	TD_CHECK(idl, TD_IDL_MAGIC);
	*ret_n = idl->n_members;
	return idl->members;
}

const struct td_idl_member *td_idl_find(const struct td_idl *idl, enum td_idl_member_kind kind,
					const char *name)
{
	uintptr_t place;

	TD_CHECK(idl, TD_IDL_MAGIC);
	place = (uintptr_t)td_map_get(idl->by_name, name);
	if (place == 0 || idl->members[place - 1].kind != kind)
		return NULL;
	return &idl->members[place - 1];
}

/* --- printing --- */

static void print_flat_fields(const struct td_idl_type *type, struct td_strbuf *out)
{
	td_strbuf_addc(out, '(');
	for (size_t i = 0; i < type->n_fields; i++) {
		if (i > 0)
			td_strbuf_adds(out, ", ");
		td_strbuf_adds(out, type->fields[i].name);
		if (type->fields[i].type != NULL) {
			td_strbuf_adds(out, ": ");
			td_idl_print_type(type->fields[i].type, out);
		}
	}
	td_strbuf_addc(out, ')');
}

/* Prints what stands before the innermost type, and returns that: all but ?, [] and [string]. */
static const struct td_idl_type *print_prefix(const struct td_idl_type *type, struct td_strbuf *out)
{
	for (;; type = type->of) {
		if (type->nullable)
			td_strbuf_addc(out, '?');
		if (type->kind == TD_IDL_ARRAY)
			td_strbuf_adds(out, "[]");
		else if (type->kind == TD_IDL_MAP)
			td_strbuf_adds(out, "[string]");
		else
			return type;
	}
}

static void print_simple(const struct td_idl_type *type, struct td_strbuf *out)
{
	static const char *const names[] = {
		[TD_IDL_BOOL] = "bool",     [TD_IDL_INT] = "int",       [TD_IDL_FLOAT] = "float",
		[TD_IDL_STRING] = "string", [TD_IDL_OBJECT] = "object", [TD_IDL_ANY] = "any",
	};

	td_strbuf_adds(out, type->kind == TD_IDL_NAMED ? type->name : names[type->kind]);
}

static bool has_fields(const struct td_idl_type *type)
{
	return type->kind == TD_IDL_STRUCT || type->kind == TD_IDL_ENUM;
}

void td_idl_print_type(const struct td_idl_type *type, struct td_strbuf *out)
{
	type = print_prefix(type, out);
	if (has_fields(type))
		print_flat_fields(type, out);
	else
		print_simple(type, out);
}

static void print_doc(const char *doc, size_t indent, struct td_strbuf *out)
{
	while (doc != NULL) {
		const char *end = strchr(doc, '\n');
		size_t n = end != NULL ? (size_t)(end - doc) : strlen(doc);

		td_strbuf_addf(out, "%*s#%s%.*s\n", (int)indent, "", n > 0 ? " " : "", (int)n, doc);
		doc = end != NULL ? end + 1 : NULL;
	}
}

/* Whether any field below has documentation, which needs a line of its own. */
static bool has_docs(const struct td_idl_type *type)
{
	while (type->kind == TD_IDL_ARRAY || type->kind == TD_IDL_MAP)
		type = type->of;
	if (!has_fields(type))
		return false;
	for (size_t i = 0; i < type->n_fields; i++)
		if (type->fields[i].doc != NULL ||
		    (type->fields[i].type != NULL && has_docs(type->fields[i].type)))
			return true;
	return false;
}

/* Whether a type fits into what is left of the line that `out` ends with. */
static bool fits(const struct td_idl_type *type, const struct td_strbuf *out)
{
	struct td_strbuf flat = TD_STRBUF_INIT;
	size_t column = 0;
	bool yes;

	while (column < out->length && out->text[out->length - 1 - column] != '\n')
		column++;
	td_idl_print_type(type, &flat);
	yes = column + flat.length <= LINE_MAX_FLAT;
	td_strbuf_fini(&flat);
	return yes;
}

static void print_folded(const struct td_idl_type *type, size_t indent, struct td_strbuf *out)
{
	const struct td_idl_type *inner = print_prefix(type, out);

	if (!has_fields(inner)) {
		print_simple(inner, out);
		return;
	}
	if (inner->n_fields == 0 || (!has_docs(inner) && fits(inner, out))) {
		print_flat_fields(inner, out);
		return;
	}
	td_strbuf_adds(out, "(\n");
	for (size_t i = 0; i < inner->n_fields; i++) {
		const struct td_idl_field *field = &inner->fields[i];

		print_doc(field->doc, indent + INDENT, out);
		td_strbuf_addf(out, "%*s%s", (int)(indent + INDENT), "", field->name);
		if (field->type != NULL) {
			td_strbuf_adds(out, ": ");
			print_folded(field->type, indent + INDENT, out);
		}
		td_strbuf_adds(out, i + 1 < inner->n_fields ? ",\n" : "\n");
	}
	td_strbuf_addf(out, "%*s)", (int)indent, "");
}

static void print_member(const struct td_idl_member *member, struct td_strbuf *out)
{
	static const char *const words[] = {
		[TD_IDL_TYPE] = "type", [TD_IDL_METHOD] = "method", [TD_IDL_ERROR] = "error"};

	print_doc(member->doc, 0, out);
	td_strbuf_addf(out, "%s %s%s", words[member->kind], member->name,
		       member->kind == TD_IDL_TYPE ? " " : "");
	print_folded(member->type, 0, out);
	if (member->kind == TD_IDL_METHOD) {
		td_strbuf_adds(out, " -> ");
		print_folded(member->reply, 0, out);
	}
	td_strbuf_addc(out, '\n');
}

void td_idl_print(const struct td_idl *idl, struct td_strbuf *out)
{
	TD_CHECK(idl, TD_IDL_MAGIC);
	print_doc(idl->doc, 0, out);
	td_strbuf_addf(out, "interface %s\n", idl->name);
	for (size_t i = 0; i < idl->n_members; i++) {
		td_strbuf_addc(out, '\n');
		print_member(&idl->members[i], out);
	}
}
