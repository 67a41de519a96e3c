/* SPDX-License-Identifier: MIT */
/* <taskd/log.h>: what a task says becomes an event of its own. */
#include <taskd/log.h>

#include <stdio.h>
#include <string.h>

#include "base/utf8.h"
#include "plugin/api.h"

#define LOG_MAX 2000 /* bytes of a log text; said in the header */

void taskd_logv(enum taskd_level level, const char *format, va_list args)
{
	struct td_task *task = td_api_current(__func__);
	char raw[LOG_MAX + 1], text[LOG_MAX + 1];
	struct td_thread *t;
	size_t length;

	if (level > task->group->rt->limits.level)
		return;
	(void)vsnprintf(raw, sizeof(raw), format, args);
	length = strlen(raw);
	while (length > 0 && raw[length - 1] == '\n')
		length--;
	td_utf8_clean(text, sizeof(text), raw, length);
	t = td_enter_task();
	td_emit_text(t->rt, TD_EVENT_LOG, level, task->group, task, 0, text);
	td_leave(t);
}

void taskd_log(enum taskd_level level, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	taskd_logv(level, format, args);
	va_end(args);
}

void taskd_output(int stream, const char *line, size_t length)
{
	struct td_task *task = td_api_current(__func__);
	char text[TD_EVENT_TEXT_MAX + 1];
	struct td_thread *t;

	td_utf8_clean(text, sizeof(text), line, length);
	t = td_enter_task();
	td_emit_text(t->rt, TD_EVENT_OUTPUT, TASKD_INFO, task->group, task, (uint8_t)stream, text);
	td_leave(t);
}

void taskd_status(const char *format, ...)
{
	struct td_task *task = td_api_current(__func__);
	char raw[sizeof(task->info->status)] = "";
	struct td_thread *t;
	va_list args;

	if (!task->info)
		return; /* a plain child: nobody would see it */
	if (format) {
		va_start(args, format);
		(void)vsnprintf(raw, sizeof(raw), format, args);
		va_end(args);
	}
	t = td_enter_task();
	td_utf8_clean(task->info->status, sizeof(task->info->status), raw, strlen(raw));
	td_leave(t);
}
