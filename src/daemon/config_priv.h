/* SPDX-License-Identifier: MIT */
/* What the files of the configuration share: the tables of keys, and a load in progress. */
#ifndef TD_DAEMON_CONFIG_PRIV_H
#define TD_DAEMON_CONFIG_PRIV_H

#include "base/map.h"
#include "daemon/config.h"

#define TD_CONFIG_MAGIC 0x7acf16edu

enum td_config_kind {
	TD_CONFIG_NONE, /* a section that is not understood: its keys are passed over */
	TD_CONFIG_DAEMON,
	TD_CONFIG_GROUP,
	TD_CONFIG_TASK,
};

struct td_config_key {
	struct taskd_param param;
	int64_t first; /* of an enum: the number of the first choice */
	bool is_mode;  /* a string of octal digits, kept as a number */
	size_t offset; /* of the field in the object of the section */
};

/* The object that a section fills in. */
struct td_config_section {
	enum td_config_kind kind;
	void *object; /* struct td_config_daemon, _group or _task */
	struct td_config_source *sources;
};

/* A load in progress. */
struct td_config_load {
	struct td_config *config;
	struct td_config_errors *errors;
	size_t n_errors_before;
	struct td_map *groups, *tasks;  /* by path */
	size_t groups_room, tasks_room; /* of the arrays */
	const char *file;               /* the one that is read; borrowed from the configuration */
	unsigned daemon_line;           /* of its [daemon]; 0: not seen yet */
	struct td_config_section section; /* the one that is read */
};

/* ---- config_key.c: one key ---------------------------------------------------------------- */

/* The keys of a section, and how many they are. */
const struct td_config_key *td_config_keys(enum td_config_kind kind, size_t *ret_n);
/* The place of a key among them, or -1. */
int td_config_key_find(enum td_config_kind kind, const char *key);
/* Sets the defaults of a new object. Returns: 0 or -TASKD_ENOMEM. */
int td_config_key_defaults(const struct td_config_section *section);
/* Sets one field from a text; adds an error otherwise. */
void td_config_key_set(const struct td_config_section *section, int place, const char *text,
		       const char *file, unsigned line, struct td_config_errors *errors);
/* Takes the value of the parent. Returns: 0 or -TASKD_ENOMEM. */
int td_config_key_inherit(const struct td_config_section *to, int place,
			  const struct td_config_section *from, int from_place);
/* Frees what the keys of an object own. */
void td_config_key_fini(const struct td_config_section *section);
/* A copy without the one pair of quotes around the whole, if there is one. NULL: no memory. */
char *td_config_unquote(const char *text);

struct td_config_section td_config_section_daemon(struct td_config *config);
struct td_config_section td_config_section_group(struct td_config_group *group);
struct td_config_section td_config_section_task(struct td_config_task *task);

/* ---- config_file.c: one file -------------------------------------------------------------- */

/* Reads a text, calling the two below for what it finds. `bytes` is changed. */
void td_config_file_parse(struct td_config_load *load, char *bytes, size_t length);
/* Opens and reads load->file. Blocks: on the disk. */
void td_config_file_read(struct td_config_load *load);

/* ---- config_dir.c: the drop-ins ----------------------------------------------------------- */

/*
 * The paths of the drop-ins beside a file, in the order in which they are read: NULL-terminated, to
 * be freed with td_words_free(). NULL: an error was added. Blocks: on the disk.
 */
char **td_config_dropins(const char *path, struct td_config_errors *errors);

/* ---- config.c: what the file says --------------------------------------------------------- */

/* Begins a section; `name` is what stands in the brackets. */
void td_config_begin(struct td_config_load *load, const char *name, unsigned line);
/* Takes one key of the section. */
void td_config_take(struct td_config_load *load, const char *key, const char *text, unsigned line);

#endif
