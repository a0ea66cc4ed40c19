/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * abi_layout.h - the layout of plugin.h's structs: what has been compiled into hosts stays as it is
 *
 * A new member is one more line here, after the others of its struct.
 */
#ifndef TESTS_ABI_LAYOUT_H
#define TESTS_ABI_LAYOUT_H

#include <stddef.h>

#include <scxray/plugin.h>

#define AT(type, member, offset)                                  \
	_Static_assert(offsetof(struct type, member) == (offset), \
		       #type "." #member " has moved: hosts know it at another place")
#define SIZE_AT_LEAST(type, size) _Static_assert(sizeof(struct type) >= (size), #type " has shrunk")

AT(scxray_plugin_region, gpa, 0);
AT(scxray_plugin_region, size, 8);
AT(scxray_plugin_region, host, 16);
SIZE_AT_LEAST(scxray_plugin_region, 24);

AT(scxray_plugin_vcpu, fd, 0);
AT(scxray_plugin_vcpu, tid, 4);
AT(scxray_plugin_vcpu, run, 8);
SIZE_AT_LEAST(scxray_plugin_vcpu, 16);

AT(scxray_plugin_host, struct_size, 0);
AT(scxray_plugin_host, api_version, 4);
AT(scxray_plugin_host, context, 8);
AT(scxray_plugin_host, vm_fd, 16);
AT(scxray_plugin_host, kick_signal, 20);
AT(scxray_plugin_host, regions, 24);
AT(scxray_plugin_host, nr_regions, 32);
AT(scxray_plugin_host, region_size, 36);
AT(scxray_plugin_host, vcpus, 40);
AT(scxray_plugin_host, nr_vcpus, 48);
AT(scxray_plugin_host, vcpu_size, 52);
AT(scxray_plugin_host, settings, 56);
AT(scxray_plugin_host, log, 64);
AT(scxray_plugin_host, pause_devices, 72);
AT(scxray_plugin_host, resume_devices, 80);
AT(scxray_plugin_host, failure_captured, 88);
AT(scxray_plugin_host, report_complete, 96);
SIZE_AT_LEAST(scxray_plugin_host, 104);

AT(scxray_plugin_result, struct_size, 0);
AT(scxray_plugin_result, status, 4);
AT(scxray_plugin_result, message, 8);
AT(scxray_plugin_result, paths, 16);
AT(scxray_plugin_result, nr_paths, 24);
AT(scxray_plugin_result, first_finding, 32);
SIZE_AT_LEAST(scxray_plugin_result, 40);

AT(scxray_plugin_setting, struct_size, 0);
AT(scxray_plugin_setting, key, 8);
AT(scxray_plugin_setting, value, 16);
AT(scxray_plugin_setting, help, 24);
SIZE_AT_LEAST(scxray_plugin_setting, 32);

AT(scxray_plugin, struct_size, 0);
AT(scxray_plugin, api_version, 4);
AT(scxray_plugin, version, 8);
AT(scxray_plugin, self, 16);
AT(scxray_plugin, vcpu_start, 24);
AT(scxray_plugin, vcpu_exit, 32);
AT(scxray_plugin, vcpu_stop, 40);
AT(scxray_plugin, trigger, 48);
AT(scxray_plugin, finish, 56);
AT(scxray_plugin, unload, 64);
AT(scxray_plugin, setting, 72);
AT(scxray_plugin, add_region, 80);
AT(scxray_plugin, remove_region, 88);
SIZE_AT_LEAST(scxray_plugin, 96);

#define VALUE(name, value) _Static_assert((name) == (value), #name " means something else")
VALUE(SCXRAY_PLUGIN_API_VERSION, 1);
VALUE(SCXRAY_VCPU_HANDLE, 0);
VALUE(SCXRAY_VCPU_CONSUMED, 1);
VALUE(SCXRAY_MOMENT_EARLY, 1);
VALUE(SCXRAY_MOMENT_LATE, 2);
VALUE(SCXRAY_STATUS_OK, 0);
VALUE(SCXRAY_STATUS_NO_FAILURE, 1);
VALUE(SCXRAY_STATUS_DEGRADED, 2);
VALUE(SCXRAY_STATUS_WRITE_FAILED, -1);
VALUE(SCXRAY_STATUS_NO_KERNEL, -2);
VALUE(SCXRAY_STATUS_BUSY, -3);
VALUE(SCXRAY_STATUS_INVALID, -4);
VALUE(SCXRAY_STATUS_NO_MEMORY, -5);
VALUE(SCXRAY_STATUS_LOST, -6);
VALUE(SCXRAY_LOG_ERROR, 0);
VALUE(SCXRAY_LOG_DEBUG, 3);

#endif
