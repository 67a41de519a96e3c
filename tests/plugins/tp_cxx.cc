// SPDX-License-Identifier: MIT
// A plugin in C++17: the header must be usable as it is.
#include <taskd/plugin.h>

namespace
{

int run(taskd_self *self, void *)
{
	for (int i = 0; i < 3; i++) {
		if (int r = taskd_checkpoint(self); r < 0)
			return r;
		if (int r = taskd_sleep(TASKD_MSEC); r < 0)
			return r;
	}
	errno = 0;
	taskd_log(TASKD_INFO, "hello from C++");
	return errno;
}

const taskd_param params[] = {
	{"number", TASKD_PARAM_INTEGER, "7", "Any number.", nullptr, 0, 0, 0, nullptr},
	{nullptr, TASKD_PARAM_STRING, nullptr, nullptr, nullptr, 0, 0, 0, nullptr},
};

} // namespace

TASKD_PLUGIN("tp_cxx", "1.0", "is written in C++", params, run, TASKD_DRIVER_FIBER, 0, 0);
