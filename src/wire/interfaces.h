/* SPDX-License-Identifier: MIT */
/* The interface texts, built into the program from the .varlink files of this folder. */
#ifndef TD_WIRE_INTERFACES_H
#define TD_WIRE_INTERFACES_H

#define TD_MANAGER_INTERFACE "io.taskd.Manager"
#define TD_SERVICE_INTERFACE "org.varlink.service"

extern const char td_interface_io_taskd_Manager[];
extern const char td_interface_org_varlink_service[];

#endif
