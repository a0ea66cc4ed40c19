/* SPDX-License-Identifier: BSD-2-Clause */
/* What QEMU says for people, read by a program: the memory tree, HMP, command lines, maps, chardevs. */
#include <stdio.h>
#include <string.h>

#include "qemu/cmdline.h"
#include "qemu/hmp.h"
#include "qemu/maps.h"
#include "qemu/mtree.h"
#include "qemu/regs_text.h"
#include "qemu/stub.h"

#include "tests/lib/unit.h"

/* ---- info mtree -f --------------------------------------------------------------------- */

/* Of QEMU 7.2, two NUMA nodes, 4 GiB, and a video card; SMM's own view comes first. */
static const char tree_7_2[] =
	"FlatView #0\r\n AS \"I/O\", root: io\r\n Root memory region: io\r\n"
	"  0000000000000000-0000000000000007 (prio 0, i/o): dma-chan\r\n\r\n"
	"FlatView #1\r\n AS \"cpu-smm-0\", root: memory\r\n Root memory region: memory\r\n"
	"  0000000000000000-00000000000fffff (prio 0, ram): ram0\r\n\r\n"
	"FlatView #2\r\n AS \"memory\", root: system\r\n AS \"cpu-memory-0\", root: system\r\n"
	" Root memory region: system\r\n"
	"  0000000000000000-000000000009ffff (prio 0, ram): ram0\r\n"
	"  00000000000a0000-00000000000bffff (prio 1, i/o): vga-lowmem\r\n"
	"  00000000000c0000-00000000000fffff (prio 0, rom): ram0 @00000000000c0000\r\n"
	"  0000000000100000-000000007fffffff (prio 0, ram): ram0 @0000000000100000\r\n"
	"  00000000b0000000-00000000bfffffff (prio 0, i/o): pcie-mmcfg-mmio\r\n"
	"  00000000fd000000-00000000fdffffff (prio 1, ram): vga.vram\r\n"
	"  00000000fffc0000-00000000ffffffff (prio 0, romd): system.flash0\r\n"
	"  0000000100000000-000000013fffffff (prio 0, ram): ram1 KVM\r\n"
	"  0000000140000000-000000017fffffff (prio 0, ram): ram1 @0000000040000000 KVM\r\n\r\n"
	"FlatView #3\r\n AS \"other\", root: x\r\n"
	"  0000000200000000-00000002ffffffff (prio 0, ram): ram9\r\n";

START_TEST(guest_ram_is_found_in_the_tree)
{
	static const struct mtree_row want[] = {
		{ 0, 0xa0000 },
		{ 0x100000, 0x7ff00000 },
		{ 0xfd000000, 0x1000000 },
		{ 0x100000000, 0x40000000 },
		{ 0x140000000, 0x40000000 },
	};
	struct mtree_row rows[MTREE_MAX_ROWS];
	struct scxray_error err = { 0 };

	ck_assert_int_eq(mtree_parse(tree_7_2, rows, MTREE_MAX_ROWS, &err), ARRAY_SIZE(want));
	ck_assert(!memcmp(rows, want, sizeof(want)));
	ck_assert_int_eq(mtree_parse(tree_7_2, rows, 4, &err), -1);
	ck_assert_ptr_nonnull(strstr(err.text, "more than 4 pieces"));
}
END_TEST

START_TEST(trees_that_lie_are_refused)
{
	static const char *const wrong[] = {
		"",
		"unknown command: 'info mtree'\r\n",
		"FlatView #0\n AS \"I/O\", root: io\n  0000000000000000-0000000000000fff (prio 0, ram): x\n",
		/* overlapping, not in order */
		("FlatView #0\n AS \"memory\", root: system\n"
		 "  0000000000000000-0000000000001fff (prio 0, ram): x\n"
		 "  0000000000001000-0000000000001fff (prio 0, ram): x\n"),
		/* backwards, and all there is */
		("FlatView #0\n AS \"memory\", root: system\n"
		 "  0000000000001000-0000000000000fff (prio 0, ram): x\n"
		 "  0000000000000000-ffffffffffffffff (prio 0, ram): x\n"),
		/* no whole pages */
		("FlatView #0\n AS \"memory\", root: system\n"
		 "  0000000000000010-0000000000000fff (prio 0, ram): x\n"),
	};
	struct mtree_row rows[4];
	struct scxray_error err;

	for (size_t i = 0; i < ARRAY_SIZE(wrong); i++)
		ck_assert_int_eq(mtree_parse(wrong[i], rows, 4, &err), -1);
}
END_TEST

/* ---- HMP -------------------------------------------------------------------------------- */

START_TEST(an_answer_is_what_comes_before_the_prompt)
{
	static const struct {
		const char *bytes, *text; /* NULL: not complete */
	} rows[] = {
		{ "g\x1b[K\x1b[Dgpa2hva 0\x1b[K\r\nHost virtual address\r\n(qemu) ",
		  "Host virtual address\n" },
		{ "stop\r\n(qemu) ", "" },
		{ "stop\r\n(qemu)", NULL },
		{ "stop (qemu) ", NULL },
		{ "(qemu) ", NULL },
		{ "", NULL },
		{ "x\r\na\r\n(qemu) b\r\n(qemu) ", "a\n(qemu) b\n" },
		{ "x\r\n\x1b[\r\n(qemu) ", "" },
	};
	char text[256];

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		bool got = hmp_read(rows[i].bytes, strlen(rows[i].bytes), text);

		ck_assert_int_eq(got, rows[i].text != NULL);
		if (got && i != ARRAY_SIZE(rows) - 1)
			ck_assert_str_eq(text, rows[i].text);
	}
}
END_TEST

/* ---- command lines ------------------------------------------------------------------------ */

START_TEST(monitors_are_found_on_the_command_line)
{
	static const char args[] =
		"/usr/bin/qemu-system-x86_64\0-monitor\0unix:/tmp/hmp,server,nowait\0"
		"-chardev\0socket,id=c0,path=/tmp/c0,server=on,wait=off\0-mon\0chardev=c0,mode=control\0"
		"-qmp\0tcp:localhost:3636,server,nowait\0-qmp\0unix:/tmp/client\0-monitor\0stdio\0"
		"-gdb\0tcp::1234\0-chardev\0socket,id=fd,fd=29,server=on\0-mon\0chardev=fd\0";
	struct cmdline cmdline;

	cmdline_parse(args, sizeof(args) - 1, &cmdline);
	ck_assert(cmdline.is_qemu && cmdline.gdb);
	ck_assert_uint_eq(cmdline.nr_monitors, 3);
	ck_assert_uint_eq(cmdline.nr_qmp, 2);
	ck_assert_str_eq(cmdline.monitor[0], "/tmp/c0");
	ck_assert_str_eq(cmdline.monitor[1], "localhost:3636");
	ck_assert_str_eq(cmdline.monitor[2], "/tmp/hmp");
}
END_TEST

START_TEST(a_guest_has_a_name_and_libvirts_are_told)
{
	static const char libvirt[] =
		"/usr/bin/qemu-system-x86_64\0-name\0guest=box,debug-threads=on\0-chardev\0"
		"socket,id=charmonitor,fd=34,server=on,wait=off\0-mon\0chardev=charmonitor,id=monitor,"
		"mode=control\0-qmp\0unix:/var/lib/libvirt/qemu/box.qmp,server=on,wait=off\0";
	static const char bare[] = "kvm\0-name\0box,process=p\0";
	struct cmdline cmdline;

	cmdline_parse(libvirt, sizeof(libvirt) - 1, &cmdline);
	ck_assert(cmdline.libvirt);
	ck_assert_str_eq(cmdline.guest, "box");
	ck_assert_uint_eq(cmdline.nr_monitors, 1);
	cmdline_parse(bare, sizeof(bare) - 1, &cmdline);
	ck_assert(!cmdline.libvirt);
	ck_assert_str_eq(cmdline.guest, "box");
}
END_TEST

/* ---- info registers -a --------------------------------------------------------------------- */

static const char registers[] =
	"\r\nCPU#0\r\n"
	"RAX=ffffffff81e2b7a0 RBX=0000000000000001 RCX=0 RDX=4000000000000000\r\n"
	"R8 =0000000000000008 R9 =9 R10=a R11=b\r\n"
	"RIP=ffffffff81e2b7af RFL=00000246 [---Z-P-] CPL=0 II=0 A20=1 SMM=0 HLT=1\r\n"
	"CS =0010 0000000000000000 ffffffff 00af9b00 DPL=0 CS64 [-RA]\r\n"
	"GS =0000 ffff888007c00000 ffffffff 00c00000\r\n"
	"IDT=     fffffe0000000000 00000fff\r\n"
	"CR0=80050033 CR2=00007f00 CR3=0000000002a3c000 CR4=00750ef0\r\n"
	"EFER=0000000000000d01\r\n"
	"CPU#1\r\nEAX=00000000 EBX=0\r\nEIP=0000fff0 EFL=00000002 [-------]\r\nCR0=60000010 CR3=0\r\n"
	"CPU#7\r\nRIP=1\r\n";

START_TEST(registers_of_each_vcpu)
{
	struct scxray_live_vcpu vcpus[3] = { 0 };
	const uint64_t *value = vcpus[0].regs.value;

	ck_assert_uint_eq(regs_text_parse(registers, vcpus, 3), 2);
	ck_assert(vcpus[0].parked && vcpus[1].parked && !vcpus[2].parked);
	ck_assert_uint_eq(value[SCXRAY_REG_RAX], 0xffffffff81e2b7a0);
	ck_assert_uint_eq(value[SCXRAY_REG_R8], 8);
	ck_assert_uint_eq(value[SCXRAY_REG_R11], 0xb);
	ck_assert_uint_eq(value[SCXRAY_REG_RIP], 0xffffffff81e2b7af);
	ck_assert_uint_eq(value[SCXRAY_REG_RFLAGS], 0x246);
	ck_assert_uint_eq(value[SCXRAY_REG_CS], 0x10);
	ck_assert_uint_eq(value[SCXRAY_REG_GS_BASE], 0xffff888007c00000);
	ck_assert_uint_eq(value[SCXRAY_REG_IDT_BASE], 0xfffffe0000000000);
	ck_assert_uint_eq(value[SCXRAY_REG_CR3], 0x2a3c000);
	ck_assert_uint_eq(value[SCXRAY_REG_EFER], 0xd01);
	ck_assert(!(vcpus[0].regs.known >> SCXRAY_REG_LSTAR & 1));
	ck_assert(!(vcpus[0].regs.known >> SCXRAY_REG_RSI & 1));
	/* in 16-bit code the general registers have other names */
	ck_assert(!(vcpus[1].regs.known >> SCXRAY_REG_RIP & 1));
	ck_assert(vcpus[1].regs.known >> SCXRAY_REG_CR0 & 1);
}
END_TEST

START_TEST(texts_without_registers)
{
	static const char *const texts[] = { "",
					     "CPU#",
					     "CPU#0",
					     "CPU#0\nRAX=",
					     "CPU#0\nXRIP=1",
					     "CPU#99999999999999999999\nRIP=1",
					     "RIP=1" };
	struct scxray_live_vcpu vcpus[2] = { 0 };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++)
		ck_assert_msg(!regs_text_parse(texts[i], vcpus, 2), "%s", texts[i]);
}
END_TEST

START_TEST(other_programs_and_cut_lines_have_none)
{
	static const char bash[] = "/bin/bash\0-c\0qemu-system-x86_64 -s\0";
	static const char bare[] = "qemu-system-x86_64\0-qmp\0";
	struct cmdline cmdline;
	char many[9000] = "kvm";
	size_t at = 4;

	cmdline_parse(bash, sizeof(bash) - 1, &cmdline);
	ck_assert(!cmdline.is_qemu && !cmdline.nr_monitors);
	cmdline_parse(bare, sizeof(bare) - 1, &cmdline);
	ck_assert(cmdline.is_qemu && !cmdline.gdb && !cmdline.nr_monitors);
	cmdline_parse(bare, sizeof(bare) - 2, &cmdline);
	ck_assert(!cmdline.nr_monitors);
	cmdline_parse("", 0, &cmdline);
	ck_assert(!cmdline.is_qemu);
	for (int i = 0; i < 20; i++) {
		at += (size_t)sprintf(many + at, "-qmp") + 1;
		at += (size_t)sprintf(many + at, "unix:/%0200d,server", i) + 1;
	}
	cmdline_parse(many, at, &cmdline);
	ck_assert_uint_eq(cmdline.nr_monitors, CMDLINE_MAX_MONITORS);
}
END_TEST

/* ---- /proc/PID/maps ----------------------------------------------------------------------- */

START_TEST(mappings_are_read)
{
	struct maps_line map;

	ck_assert(maps_parse("7fc093fff000-7fc09bfff000 rw-s 00001000 00:01 1102           "
			     "            /memfd:memory-backend-memfd (deleted)",
			     &map));
	ck_assert(map.shared && map.readable && map.start == 0x7fc093fff000 && map.inode == 1102 &&
		  map.offset == 0x1000 && map.minor == 1);
	ck_assert_str_eq(map.path, "/memfd:memory-backend-memfd (deleted)");
	ck_assert(maps_parse("7f5843e00000-7f584be00000 rw-p 00000000 00:00 0 ", &map));
	ck_assert(!map.shared && !map.inode && !map.path[0]);
	ck_assert(!maps_parse("7f5843e00000-7f5843e00000 rw-p 00000000 00:00 0", &map));
	ck_assert(!maps_parse("7f58", &map));
	ck_assert(!maps_parse("", &map));
}
END_TEST

/* ---- info chardev --------------------------------------------------------------------------- */

START_TEST(whose_the_gdbstub_is)
{
	static const struct {
		const char *chardevs;
		bool configured;
		const char *want; /* NULL: nobody's */
	} rows[] = {
		{ "serial0: filename=file\r\ncompat_monitor0: filename=unix:/tmp/q,server=on\r\n",
		  false, NULL },
		/* one that was ended */
		{ "serial0: filename=file\r\n#chr055: filename=gdb\r\n", false, NULL },
		{ "gdb: filename=disconnected:tcp:0.0.0.0:1234,server=on\r\n#chr1: filename=gdb\r\n",
		  true, "0.0.0.0:1234" },
		{ "#chr1: filename=gdb\r\ngdb: filename=disconnected:unix:/tmp/g,server=on\r\n",
		  false, "/tmp/g" },
		{ "gdb: filename=tcp:0.0.0.0:1234,server=on <-> 127.0.0.1:41000\r\n#chr1: filename=gdb\r\n",
		  false, "" },
		/* -gdb chardev:mine */
		{ "mine: filename=disconnected:unix:/x,server=on\r\n#chr1: filename=gdb\r\n", true,
		  "" },
		/* a chardev of that name, of which nothing was made */
		{ "gdb: filename=disconnected:unix:/x,server=on\r\n", false, NULL },
		{ "gdb: filename=disconnected:pty\r\n#chr1: filename=gdb\r\n", false, "" },
		{ "", false, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
		char address[64];
		const char *got = stub_find_user(rows[i].chardevs, rows[i].configured, address,
						 sizeof(address));

		ck_assert_msg(!got == !rows[i].want, "row %zu", i);
		if (got)
			ck_assert_str_eq(got, rows[i].want);
	}
}
END_TEST

static const unit_test tests[] = {
	&guest_ram_is_found_in_the_tree,
	&trees_that_lie_are_refused,
	&an_answer_is_what_comes_before_the_prompt,
	&monitors_are_found_on_the_command_line,
	&a_guest_has_a_name_and_libvirts_are_told,
	&registers_of_each_vcpu,
	&texts_without_registers,
	&other_programs_and_cut_lines_have_none,
	&mappings_are_read,
	&whose_the_gdbstub_is,
};
UNIT_MAIN("qemu_texts", tests)
