/* SPDX-License-Identifier: BSD-2-Clause */
/*
 * cmos.c - the real-time clock: the host's time in UTC; it can't be set and has no alarm
 */
#include <time.h>

#include "ports.h"

#define STATUS_A 0x26 /* 32768 Hz, no update under way */
#define STATUS_B 0x02 /* BCD, 24 hours */
#define STATUS_D 0x80 /* the battery is good */

static uint8_t bcd(int number)
{
	return (uint8_t)(number / 10 % 10 << 4 | number % 10);
}

uint8_t cmos_read(struct machine *machine, unsigned offset)
{
	time_t now = time(NULL);
	struct tm tm;

	if (offset == 0)
		return 0xff; /* the index can't be read */
	gmtime_r(&now, &tm);
	switch (machine->cmos_index) {
	case 0x00:
		return bcd(tm.tm_sec);
	case 0x02:
		return bcd(tm.tm_min);
	case 0x04:
		return bcd(tm.tm_hour);
	case 0x06:
		return bcd(tm.tm_wday + 1);
	case 0x07:
		return bcd(tm.tm_mday);
	case 0x08:
		return bcd(tm.tm_mon + 1);
	case 0x09:
		return bcd(tm.tm_year);
	case 0x0a:
		return STATUS_A;
	case 0x0b:
		return STATUS_B;
	case 0x0d:
		return STATUS_D;
	case 0x32:
		return bcd(19 + tm.tm_year / 100);
	default:
		return 0;
	}
}

void cmos_write(struct machine *machine, unsigned offset, uint8_t value)
{
	if (offset == 0)
		machine->cmos_index = value & 0x7f; /* bit 7 masks NMIs */
}
