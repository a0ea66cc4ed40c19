/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * report.h - the report model: what a capture found, as plain data
 *
 * capture/ fills these structs, render/ turns them into text and JSON.  A
 * report owns all its strings, arrays and bytes; they live until
 * scxray_report_destroy().  A report is written by one thread and may be read
 * by any number of threads afterwards.
 *
 * The promise kept throughout: a number is what guest memory held, or it says
 * why there is none (struct scxray_num); a group that could not be had has its
 * reason in `unavailable[group]`; one that was cut has its reason in
 * `cut[group]`, and `total` where the true length is known.
 */
#ifndef SCXRAY_REPORT_H
#define SCXRAY_REPORT_H

/* All of the model.  A file that needs a part of it includes that part only. */
#include <scxray/atoms.h>
#include <scxray/dsq.h>
#include <scxray/error.h>
#include <scxray/group.h>
#include <scxray/guest.h>
#include <scxray/host.h>
#include <scxray/lock.h>
#include <scxray/log.h>
#include <scxray/map.h>
#include <scxray/prog.h>
#include <scxray/report_struct.h>
#include <scxray/rq.h>
#include <scxray/sched.h>
#include <scxray/system.h>
#include <scxray/task.h>
#include <scxray/vcpu.h>

#endif
