/* SPDX-License-Identifier: MIT */
/*
 * The strict reader in front of the JSON library, which on its own takes half of what is wrong:
 * broken UTF-8, a byte order mark, "01", a key given twice, \u0000, integers that a double rounds.
 * What passes here means the same to every reader, and our own limits hold. Thread: any.
 */
#ifndef TD_WIRE_SCAN_H
#define TD_WIRE_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/failure.h"

#define TD_SCAN_DEPTH_MAX 32  /* objects and arrays inside each other */
#define TD_SCAN_NUMBER_MAX 63 /* characters of a number; cJSON copies no more than these */

/*
 * Checks that all of `text` is one value as RFC 8259 has it, in valid UTF-8, with at most
 * TD_SCAN_DEPTH_MAX levels, no key twice in an object (escapes do not hide it), integers within
 * int64, other numbers below 1e308, and neither \u0000 nor half a surrogate pair.
 * Returns: 0; -TASKD_EPROTO, and `failure` (NULL allowed) names the byte offset and the rule;
 * -TASKD_ENOMEM. Blocks: no; the time grows with n log n at most.
 */
int td_scan(const char *text, size_t length, struct td_failure *failure);

#endif
