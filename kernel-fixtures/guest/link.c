// SPDX-License-Identifier: BSD-2-Clause
/*
 * The line to the host: a virtio serial port, because a UART is too slow for bulk under emulation;
 * the second UART where the kernel has no driver for the former built in. Marks go to the console as
 * well, where they are in order with the kernel's own messages.
 */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/io.h>
#include <sys/reboot.h>
#include <termios.h>
#include <unistd.h>

#include "guest.h"

#define VIRTIO_DRIVER "/sys/bus/virtio/drivers/virtio_console"
#define VIRTIO_PORT "/dev/vport0p1"
#define UART "/dev/ttyS1"
#define PORT_LIMIT_MS 10000
#define PORT_LOOK_NS (10 * NSEC_PER_MSEC)

/* The second UART itself: data, FIFO control, line control, line status. */
#define COM2 0x2f8
#define COM2_FCR (COM2 + 2)
#define COM2_LCR (COM2 + 3)
#define COM2_LSR (COM2 + 5)
#define FCR_ENABLE 0x07
#define LCR_8N1 0x03
#define LSR_THR_EMPTY 0x20
#define FIFO_SIZE 16

static int port = -1;
static bool direct; /* the line is COM2 without the kernel's driver */

/* Not by wait_for(): wait.c uses this file. */
static void virtio_port_await(void)
{
	uint64_t limit = now_ns() + PORT_LIMIT_MS * NSEC_PER_MSEC;

	while ((port = open(VIRTIO_PORT, O_RDWR | O_CLOEXEC)) < 0) {
		if (now_ns() > limit)
			die("waited %u ms in vain for " VIRTIO_PORT, PORT_LIMIT_MS);
		sleep_until_ns(now_ns() + PORT_LOOK_NS);
	}
}

static void uart_open(void)
{
	struct termios settings;

	port = open(UART, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (port < 0 || tcgetattr(port, &settings))
		die(UART ": %s", strerror(errno));
	cfmakeraw(&settings);
	settings.c_cflag |= CLOCAL;
	if (tcsetattr(port, TCSANOW, &settings))
		die(UART ": %s", strerror(errno));
}

static sigjmp_buf refused;

static void refuse(int signal)
{
	(void)signal;
	siglongjmp(refused, 1);
}

/*
 * The kernel's driver takes an interrupt for 16 bytes, and those take long where the host has fewer
 * CPUs than the guest. QEMU's emulated SVM refuses ports in spite of iopl() once its KVM has loaded
 * the guest's task register, so this is only tried.
 */
static bool direct_open(void)
{
	struct sigaction old, action = { .sa_handler = refuse };

	if (iopl(3))
		return false;
	sigaction(SIGSEGV, &action, &old);
	if (!sigsetjmp(refused, 1)) {
		outb(LCR_8N1, COM2_LCR);
		outb(FCR_ENABLE, COM2_FCR);
		direct = true;
	}
	sigaction(SIGSEGV, &old, NULL);
	return direct;
}

void link_open(bool alone)
{
	if (alone && direct_open())
		return;
	if (alone || access(VIRTIO_DRIVER, F_OK))
		uart_open();
	else
		virtio_port_await();
}

void link_drop(void)
{
	port = -1;
	direct = false;
}

static void direct_write(const char *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++) {
		while (!(i % FIFO_SIZE) && !(inb(COM2_LSR) & LSR_THR_EMPTY))
			;
		outb((unsigned char)bytes[i], COM2);
	}
}

static void port_write(const char *bytes, size_t size)
{
	if (direct) {
		direct_write(bytes, size);
		return;
	}
	while (size) {
		ssize_t done = write(port, bytes, size);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			return; /* the host has gone; there is nobody left to tell */
		bytes += done;
		size -= (size_t)done;
	}
}

static void mark_v(const char *format, va_list args)
{
	char line[1024];
	int at = snprintf(line, sizeof(line), "@@MARK %.6f ", (double)now_ns() / 1e9);

	if (vsnprintf(line + at, sizeof(line) - (size_t)at - 1, format, args) < 0)
		return;
	strcat(line, "\n");
	fputs(line, stdout);
	fflush(stdout);
	if (port >= 0 || direct)
		port_write(line, strlen(line));
}

void mark(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	mark_v(format, args);
	va_end(args);
}

void die(const char *format, ...)
{
	char reason[512];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	mark("failed %s", reason);
	if (getpid() == 1)
		power_off();
	_exit(1);
}

void power_off(void)
{
	tcdrain(port);
	tcdrain(STDOUT_FILENO);
	reboot(RB_POWER_OFF);
	_exit(1);
}

void await_host(const char *word)
{
	char got[32];
	size_t length = 0;

	while (length < sizeof(got) - 1) {
		ssize_t done = read(port, got + length, 1);

		if (done < 0 && errno == EINTR)
			continue;
		if (done <= 0)
			die("the host hung up while the guest waited for '%s'", word);
		if (got[length] == '\n')
			break;
		length++;
	}
	got[length] = '\0';
	if (strcmp(got, word))
		die("the host said '%s', not '%s'", got, word);
}

FILE *file_begin(void)
{
	FILE *file = tmpfile();

	if (!file)
		die("tmpfile: %s", strerror(errno));
	return file;
}

void file_send(FILE *file, const char *name)
{
	long size = fflush(file) ? -1 : ftell(file);
	char head[128], chunk[4096];
	size_t left, got;

	if (size < 0)
		die("%s: %s", name, strerror(errno));
	snprintf(head, sizeof(head), "@@FILE %s %ld\n", name, size);
	port_write(head, strlen(head));
	rewind(file);
	for (left = (size_t)size; left; left -= got) {
		got = fread(chunk, 1, left < sizeof(chunk) ? left : sizeof(chunk), file);
		if (!got)
			die("%s: short read of what was just written", name);
		port_write(chunk, got);
	}
	fclose(file);
}
