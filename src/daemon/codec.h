/* SPDX-License-Identifier: MIT */
/* Structs of core as members of io.taskd.Manager: the only file that sees both. */
#ifndef TD_DAEMON_CODEC_H
#define TD_DAEMON_CODEC_H

#include "core/event.h"
#include "core/stop.h"
#include "core/task.h"
#include "plugin/loader.h"
#include "wire/json.h"

struct td_group;

/* Under the lock. `key` NULL: an element of an array. */
void td_codec_task(struct td_json_writer *w, const char *key, struct td_task *task);
void td_codec_group(struct td_json_writer *w, const char *key, struct td_group *group);
void td_codec_event(struct td_json_writer *w, const char *key, const struct td_event *event);

void td_codec_report(struct td_json_writer *w, const char *key, const struct td_stop *stop);
/* `tasks`: how many run it now. */
void td_codec_plugin(struct td_json_writer *w, const char *key, const struct td_plugin *plugin,
		     uint64_t tasks);

#endif
