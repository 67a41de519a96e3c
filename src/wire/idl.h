/* SPDX-License-Identifier: MIT */
/*
 * A Varlink interface as tables: read from its text once, then asked which methods there are, what
 * they take and give, and whether a message fits. Read-only after parsing. Thread: any.
 */
#ifndef TD_WIRE_IDL_H
#define TD_WIRE_IDL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"
#include "base/strbuf.h"

struct td_json;
struct td_idl;

#define TD_IDL_TEXT_MAX (1u << 20) /* bytes of one interface text */
#define TD_IDL_DEPTH_MAX 16        /* types inside each other */

enum td_idl_kind {
	TD_IDL_BOOL,
	TD_IDL_INT,
	TD_IDL_FLOAT,
	TD_IDL_STRING,
	TD_IDL_OBJECT, /* any JSON object */
	TD_IDL_ANY,    /* any JSON value */
	TD_IDL_ENUM,   /* fields have names only */
	TD_IDL_STRUCT,
	TD_IDL_NAMED, /* a type of the same interface */
	TD_IDL_ARRAY,
	TD_IDL_MAP, /* text to `of` */
};

struct td_idl_field {
	const char *name;
	const char *doc;                /* comment lines without '#', joined by newlines; or NULL */
	const struct td_idl_type *type; /* NULL in an enum */
};

struct td_idl_type {
	enum td_idl_kind kind;
	bool nullable;
	const char *name;                  /* of TD_IDL_NAMED */
	const struct td_idl_type *of;      /* element of an array or map; what a name stands for */
	const struct td_idl_field *fields; /* of TD_IDL_STRUCT and TD_IDL_ENUM */
	size_t n_fields;
};

enum td_idl_member_kind { TD_IDL_TYPE, TD_IDL_METHOD, TD_IDL_ERROR };

struct td_idl_member {
	enum td_idl_member_kind kind;
	const char *name;
	const char *doc;                 /* or NULL */
	const struct td_idl_type *type;  /* the type; what a method takes; what an error carries */
	const struct td_idl_type *reply; /* what a method gives; NULL for the others */
};

/*
 * Parses an interface text. Returns: 0, *ret_idl to be freed with td_idl_free(); -TASKD_EINVAL, and
 * `failure` names line, column and rule ("3:14: expected ','"); -TASKD_ENOMEM.
 */
int td_idl_parse(const char *text, struct td_idl **ret_idl, struct td_failure *failure);
struct td_idl *td_idl_free(struct td_idl *idl); /* NULL allowed; returns NULL */

const char *td_idl_name(const struct td_idl *idl); /* "io.taskd.Manager" */
const char *td_idl_doc(const struct td_idl *idl);  /* or NULL */
/* The text as it was given. */
const char *td_idl_text(const struct td_idl *idl);
/* All members in the order of the text. */
const struct td_idl_member *td_idl_members(const struct td_idl *idl, size_t *ret_n);
/* The member of a name and kind, or NULL. */
const struct td_idl_member *td_idl_find(const struct td_idl *idl, enum td_idl_member_kind kind,
					const char *name);

/*
 * Checks a value (NULL is null) against a type: nothing unknown, nothing missing, every type right.
 * Returns: 0; -TASKD_EINVAL: failure->subject is the path of the first member that does not fit
 * ("tasks[2].name"; "" is the whole), and failure->text says "parameters.tasks[2].name: ...".
 */
int td_idl_check(const struct td_idl_type *type, const struct td_json *json,
		 struct td_failure *failure);

/* Prints in normal form; what is printed parses to the same tables. */
void td_idl_print(const struct td_idl *idl, struct td_strbuf *out);
/* Prints one type as it stands in a signature: "?[]Task", "(path: string)". */
void td_idl_print_type(const struct td_idl_type *type, struct td_strbuf *out);

#endif
