/* SPDX-License-Identifier: MIT */
/* io.taskd.Manager: Watch. */
#include <string.h>

#include "base/path.h"
#include "daemon/control.h"
#include "daemon/session.h"
#include "daemon/stream.h"
#include "wire/peer.h"

static int handle_watch(struct td_call *call, struct td_failure *failure, void *data)
{
	const struct td_json *parameters = td_call_parameters(call);
	const char *path = td_json_text_or(parameters, "path", NULL), *why;
	const char *level_text = td_json_text_or(parameters, "level", "info");
	enum taskd_level level;
	struct td_path parsed;

	(void)data;
	if (path &&
	    (*path == '\0' || td_path_parse(path, &parsed, &why) < 0 || parsed.kind == TD_PATH_ID))
		return td_fail(failure, -TASKD_EINVAL, "path",
			       "path: \"%.100s\" is neither a group nor GROUP/TASK", path);
	if (td_level_parse(level_text, &level) < 0)
		return td_fail(failure, -TASKD_EINVAL, "level",
			       "level: \"%.40s\" is none of error, warning, notice, info, debug",
			       level_text);
	return td_stream_begin(td_session_of(call), call, path, level, failure);
}

const struct td_method td_methods_events[] = {
	{.name = "io.taskd.Manager.Watch", .handler = handle_watch, .flags = TD_METHOD_MORE},
	{.name = NULL},
};
