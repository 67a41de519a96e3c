/* SPDX-License-Identifier: MIT */
/*
 * Parameter schemas: the list of `struct taskd_param` that a plugin declares, and the checked
 * values of one task. Every value goes through here, whether it came from a file or from the wire,
 * so that an error reads the same everywhere. Knows neither files nor messages.
 */
#ifndef TD_PLUGIN_SCHEMA_H
#define TD_PLUGIN_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <taskd/param.h>

#include "base/failure.h"

#define TD_SCHEMA_PARAMS_MAX 64  /* parameters of one plugin */
#define TD_VALUE_TEXT_MAX 65536  /* bytes of one value */
#define TD_VALUE_WORDS_MAX 4096  /* words of one list */
#define TD_SCHEMA_CHOICES_MAX 32 /* words of one enum */

/* One value as a user gave it. */
struct td_setting {
	const char *key;
	const char *text;         /* unused when `words` is there */
	const char *const *words; /* of a list, taken verbatim: ends with NULL; else NULL */
};

/* One value, parsed. */
struct td_value {
	enum taskd_param_type type;
	bool given;      /* by the user; the default does not count */
	char *text;      /* owned; as given, or the default; NULL: none */
	int64_t integer; /* integer, duration (ns), size (bytes), boolean (0, 1), enum (its place)
			  */
	char **words;    /* owned; of a list: ends with NULL */
	size_t n_words;
};

/* The values of one task; immutable once made. */
struct td_values;

/*
 * Checks a declaration: names, types, help, bounds, choices, and that every default parses.
 * `params` ends with a NULL name; NULL is the empty list. Returns: 0. Errors: -TASKD_EPLUGIN.
 * Blocks: no. Thread: any.
 */
int td_schema_check(const struct taskd_param *params, struct td_failure *reterr_failure);

/* The parameter of that name, or NULL. Thread: any. */
const struct taskd_param *td_schema_find(const struct taskd_param *params, const char *name);

/* The name of a type ("duration"), as the manual has it; "?" for a number that is no type. */
const char *td_param_type_text(enum taskd_param_type type);

/*
 * Parses one value of one parameter; the caller has looked the parameter up. `given` is set.
 * Owns: what ret_value holds is given back with td_value_fini().
 * Returns: 0. Errors: -TASKD_EINVAL, the text says what was expected; -TASKD_ENOMEM.
 * Blocks: no. Thread: any.
 */
int td_value_parse(const struct taskd_param *param, const struct td_setting *setting,
		   struct td_value *ret_value, struct td_failure *reterr_failure);
void td_value_fini(struct td_value *value); /* zeroed memory is allowed */

/*
 * Makes the values of one task: applies defaults, refuses unknown, repeated and missing
 * parameters. Owns: nothing of the arguments is kept. The new values have one reference.
 * Returns: 0. Errors: -TASKD_EINVAL (`subject` is the parameter), -TASKD_ENOMEM.
 * Blocks: no. Thread: any.
 */
int td_values_new(const struct taskd_param *params, const struct td_setting *settings, size_t n,
		  struct td_values **ret_values, struct td_failure *reterr_failure);

/* The counter is plain: callers hold the lock that guards the task. NULL is allowed; unref returns
 * NULL. Thread: any, under that lock. */
struct td_values *td_values_ref(struct td_values *values);
struct td_values *td_values_unref(struct td_values *values);

/*
 * The value of one parameter. An optional one without a default that was not given is NULL, 0,
 * false or an empty list. The result is borrowed and lives as long as the values.
 * Returns: 0. Errors: -TASKD_EINVAL: not declared, or of another type. Blocks: no. Thread: any.
 */
int td_values_string(const struct td_values *values, const char *name, const char **ret_text);
int td_values_integer(const struct td_values *values, const char *name, int64_t *ret_integer);
int td_values_boolean(const struct td_values *values, const char *name, bool *ret_boolean);
int td_values_list(const struct td_values *values, const char *name, const char *const **ret_words,
		   size_t *ret_n);
int td_values_given(const struct td_values *values, const char *name, bool *ret_given);

/* The text of a parameter for people: as given, or the default; NULL: neither, or not declared. A
 * list that was given word by word is quoted so that it splits into the same words again. */
const char *td_values_text(const struct td_values *values, const char *name);

/* Calls `each` for every parameter that has a text, in the order of the declaration. */
void td_values_each(const struct td_values *values,
		    void (*each)(const char *name, const char *text, bool given, void *data),
		    void *data);

#endif
