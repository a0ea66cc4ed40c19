/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * regs_text.h - registers by the answer to the monitor's "info registers -a"
 */
#ifndef QEMU_REGS_TEXT_H
#define QEMU_REGS_TEXT_H

#include <scxray/live.h>

/*
 * Fills vcpus[0..nr) (zeroed before) with what the text has of each; those that it does not have stay as they
 * are.  Returns how many it has.
 */
size_t regs_text_parse(const char *text, struct scxray_live_vcpu *vcpus, size_t nr);

#endif
