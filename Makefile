# SPDX-License-Identifier: BSD-2-Clause
#
# scxray: plain GNU make.  `make help` lists the targets.
#
#	CC=gcc|clang		compiler
#	SAN=address,undefined	sanitizers (or thread); their own build folder
#	WERROR=1		warnings are errors
#	HARDEN=			without stack protector, FORTIFY, RELRO and the like
#	V=1			show the commands
#	RUN='pattern ...'	make check, check-images: only what has a pattern in its name
#
# Sources are found by wildcard: a new capture/walk/x.c, render/text/x.c or cli/x.c is
# compiled, a new tests/unit/x.c is one more test program, a new tests/fuzz/x.c
# one more fuzz target.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

ifeq ($(origin CC),default)
CC := gcc
endif
AR ?= ar
LD ?= ld
OBJCOPY ?= objcopy
PKG_CONFIG ?= pkg-config
# Debian's python3-jsonschema belongs to /usr/bin/python3, whatever PATH says.
PYTHON ?= $(firstword $(wildcard /usr/bin/python3) python3)
JOBS ?= $(shell nproc 2>/dev/null || echo 2)
SAN ?=
WERROR ?=
FUZZ ?=
V ?=
RUN ?=
SECONDS ?= 60

VERSION := 0.1.0

PREFIX ?= /usr/local
DESTDIR ?=
BINDIR ?= $(PREFIX)/bin
LIBDIR ?= $(PREFIX)/lib
INCLUDEDIR ?= $(PREFIX)/include
MANDIR ?= $(PREFIX)/share/man
DATADIR ?= $(PREFIX)/share/scxray
DOCDIR ?= $(PREFIX)/share/doc/scxray
BASHDIR ?= $(PREFIX)/share/bash-completion/completions
ZSHDIR ?= $(PREFIX)/share/zsh/site-functions
FISHDIR ?= $(PREFIX)/share/fish/vendor_completions.d

# ---- variants ---------------------------------------------------------------

comma := ,
empty :=
space := $(empty) $(empty)

compiler := $(notdir $(firstword $(CC)))
variant := $(compiler)$(if $(SAN),-$(subst $(comma),-,$(SAN)))$(if $(FUZZ),-fuzz)
O := build/$(variant)

Q := $(if $(V),,@)
say = $(if $(V),@:,@printf '  %-7s %s\n' '$(1)' '$(2)')

# ---- flags ------------------------------------------------------------------

LIBS := libelf libbpf libzstd zlib
# For the scxray program only: QEMU's monitor speaks JSON.
CLI_LIBS := json-c
# Asked once, and only when something is compiled.
pkg_cflags = $(eval pkg_cflags := $(shell $(PKG_CONFIG) --cflags $(LIBS) 2>/dev/null))$(pkg_cflags)
pkg_libs = $(eval pkg_libs := $(shell $(PKG_CONFIG) --libs $(LIBS) 2>/dev/null))$(pkg_libs)
cli_libs = $(eval cli_libs := $(shell $(PKG_CONFIG) --libs $(CLI_LIBS) 2>/dev/null))$(cli_libs)
# Optional: what only programs that open image files are linked with.
kdump := $(shell $(PKG_CONFIG) --exists libkdumpfile 2>/dev/null && echo libkdumpfile)
image_cflags := $(if $(kdump),-DHAVE_LIBKDUMPFILE $(shell $(PKG_CONFIG) --cflags $(kdump) 2>/dev/null))
image_libs := $(if $(kdump),$(shell $(PKG_CONFIG) --libs $(kdump) 2>/dev/null))
check_cflags = $(eval check_cflags := $(shell $(PKG_CONFIG) --cflags check 2>/dev/null))$(check_cflags)
check_libs = $(eval check_libs := $(shell $(PKG_CONFIG) --libs check 2>/dev/null))$(check_libs)

CFLAGS ?= -O2 -g
warnings := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla \
	$(if $(WERROR),-Werror)
sanitize := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer \
	$(if $(findstring undefined,$(SAN)),-fno-sanitize-recover=undefined)) \
	$(if $(FUZZ),-fsanitize=fuzzer-no-link -DFUZZING_BUILD_MODE_UNSAFE_FOR_PRODUCTION)
# Against a guest whose bytes find a fault of ours; each wherever the compiler has it.
HARDEN ?= 1
has = $(shell $(CC) -O2 -Werror $(1) -include stdlib.h -xc -c -o /dev/null /dev/null 2>/dev/null && echo '$(1)')
# Sanitizers check the same calls themselves; without optimization the headers refuse.
fortify = $(if $(SAN),,$(if $(filter-out -O0,$(filter -O%,$(CFLAGS))),-U_FORTIFY_SOURCE $(or \
	$(call has,-D_FORTIFY_SOURCE=3),-D_FORTIFY_SOURCE=2)))
harden_cflags = $(eval harden_cflags := $(if $(HARDEN),$(call has,-fstack-protector-strong) $(call \
	has,-fstack-clash-protection) $(call has,-fcf-protection) $(fortify)))$(harden_cflags)
harden_ldflags := $(if $(HARDEN),-Wl$(comma)-z$(comma)relro$(comma)-z$(comma)now$(comma)-z$(comma)noexecstack)
all_cflags = -std=gnu11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DSCXRAY_VERSION='"$(VERSION)"' \
	-Iinclude -I. -fPIC $(warnings) $(CPPFLAGS) $(pkg_cflags) $(image_cflags) $(sanitize) $(CFLAGS) \
	$(harden_cflags)
all_ldflags = $(sanitize) $(harden_ldflags) $(LDFLAGS)
all_libs = $(pkg_libs) -lpthread

# ---- sources ----------------------------------------------------------------

lib_src := $(sort $(wildcard capture/*.c capture/*/*.c render/*.c render/*/*.c))
cli_src := $(sort $(wildcard cli/*.c))
reader_src := $(sort $(wildcard reader/*.c))
unit_src := $(sort $(wildcard tests/unit/*.c))
fuzz_src := $(sort $(wildcard tests/fuzz/*.c))
tool_src := $(sort $(wildcard tests/tools/*.c))
test_src := $(sort $(wildcard tests/lib/*.c))
vmm_src := $(sort $(wildcard vmm/*.c))
watch_src := $(sort $(wildcard watch/*.c))
qemu_src := $(sort $(wildcard qemu/*.c))
plugin_src := $(sort $(wildcard vmm-plugin/*.c))
host_src := $(sort $(wildcard tests/hosts/*.c tests/hosts/*.cpp))

lib := $(O)/libscxray.a
test_lib := $(O)/libtest.a
watch_lib := $(O)/libwatch.a
qemu_lib := $(O)/libqemu.a
reader_lib := $(O)/libreader.a
plugin_lib := $(O)/libplugin.a
vmm_lib := $(O)/libvmm.a
bin := $(O)/scxray
vmm := $(if $(vmm_src),$(O)/scxray-vmm)
plugin := $(if $(wildcard vmm-plugin/plugin.c),$(O)/scxray-plugin.so)
programs := $(bin) $(vmm) $(plugin)
units := $(unit_src:%.c=$(O)/%)
tools := $(tool_src:%.c=$(O)/%)
fuzzers := $(fuzz_src:%.c=$(O)/%)
hosts := $(patsubst %.c,$(O)/%-c,$(patsubst %.cpp,$(O)/%-cpp,$(host_src))) $(O)/tests/hosts/host-old
objects := $(patsubst %.c,$(O)/%.o,$(lib_src) $(cli_src) $(reader_src) $(vmm_src) $(watch_src) $(qemu_src) $(plugin_src) $(unit_src) $(fuzz_src) $(tool_src) \
	$(test_src) $(wildcard tests/fakes/*.c) tests/lab/other_vmm.c)

# The default build is also build/scxray and so on, wherever another variant was made.
main_bin := $(if $(SAN)$(FUZZ)$(filter-out gcc,$(compiler)),,$(patsubst $(O)/%,build/%,$(programs)))

.PHONY: all
all: $(programs) $(main_bin) ## build build/scxray, scxray-vmm, scxray-plugin.so (the default)

build/scxray build/scxray-vmm build/scxray-plugin.so: build/%: build/gcc/%
	$(Q)ln -f $< $@ 2>/dev/null || cp -f $< $@

# ---- rules ------------------------------------------------------------------

# Changed flags, or another compiler, make everything anew.
# Whether warnings are errors makes no other object.
flags_now = $(CC) $(filter-out -Werror,$(all_cflags)) : $(all_ldflags) : $(all_libs)
.PHONY: force
$(O)/flags: force
	@mkdir -p $(@D)
	@$(PKG_CONFIG) --exists $(LIBS) 2>/dev/null || \
		{ echo 'missing: one of $(LIBS), or pkg-config: try make deps' >&2; exit 1; }
	@printf '%s\n' '$(subst ','\'',$(flags_now))' | cmp -s - $@ || \
		printf '%s\n' '$(subst ','\'',$(flags_now))' >$@

$(O)/capture/%.o $(O)/render/%.o $(O)/watch/%.o $(O)/qemu/%.o $(O)/vmm-plugin/%.o: private all_cflags += -fvisibility=hidden
$(O)/tests/unit/%.o: private all_cflags += $(check_cflags)

$(O)/%.o: %.c $(O)/flags
	$(call say,CC,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) $(all_cflags) -MMD -MP -c -o $@ $<

# Built anew rather than updated: an object whose source has gone must go too.
$(lib): $(lib_src:%.c=$(O)/%.o) $(O)/sources
$(test_lib): $(test_src:%.c=$(O)/%.o) $(O)/sources
$(watch_lib): $(watch_src:%.c=$(O)/%.o) $(O)/sources
$(qemu_lib): $(qemu_src:%.c=$(O)/%.o) $(O)/sources
$(reader_lib): $(reader_src:%.c=$(O)/%.o) $(O)/reader/schema_json.o $(O)/sources
$(O)/reader/schema_json.o: reader/schema_json.S docs/report.schema.json
	$(call say,AS,$<)
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@ $<
$(plugin_lib): $(plugin_src:%.c=$(O)/%.o) $(O)/sources
# Where scxray-vmm finds an installed plugin, from its own folder.
plugin_folder = $(shell realpath -ms --relative-to='$(BINDIR)' '$(LIBDIR)/scxray')
$(O)/plugin_folder: force
	@mkdir -p $(@D); echo '$(plugin_folder)' | cmp -s - $@ || echo '$(plugin_folder)' >$@
$(O)/vmm/plugin_host.o: $(O)/plugin_folder
$(O)/vmm/plugin_host.o: all_cflags += -DSCXRAY_PLUGIN_FOLDER='"$(plugin_folder)"'
# Where an installed plugin finds the scxray program that makes its reports, from its own folder.
program_folder = $(shell realpath -ms --relative-to='$(LIBDIR)/scxray' '$(BINDIR)')
$(O)/program_folder: force
	@mkdir -p $(@D); echo '$(program_folder)' | cmp -s - $@ || echo '$(program_folder)' >$@
$(O)/watch/maker.o: $(O)/program_folder
$(O)/watch/maker.o: all_cflags += -DSCXRAY_PROGRAM_FOLDER='"$(program_folder)"'
$(vmm_lib): $(patsubst %.c,$(O)/%.o,$(filter-out vmm/main.c,$(vmm_src))) $(O)/sources
$(lib) $(test_lib) $(watch_lib) $(qemu_lib) $(reader_lib) $(plugin_lib) $(vmm_lib):
	$(call say,AR,$@)
	$(Q)rm -f $@ && $(AR) qcsD $@ $(filter %.o,$^)

# The page of an HTML report: its script in the order in which the parts need each other.
html := $(O)/render/html
html_js := $(addprefix render/html/,dom.js data.js values.js table.js cause.js cpus.js queues.js tasks.js \
	timeline.js maps.js system.js page.js)
$(html)/page.js: $(html_js) Makefile
	@mkdir -p $(@D)
	$(Q){ printf '"use strict";\n(() => {\n'; cat $(html_js); printf '})();\n'; } >$@
$(html)/page.css: render/html/page.css
	@mkdir -p $(@D)
	$(Q)cp $< $@
$(html)/%.sha256: $(html)/%
	$(Q)sha256sum $< | cut -c1-64 | tr a-f A-F | basenc --base16 -d | base64 | tr -d '\n' >$@
$(html)/assets.o: render/html/assets.S $(html)/page.js $(html)/page.css $(html)/page.js.sha256 $(html)/page.css.sha256
	$(call say,AS,$<)
	$(Q)$(CC) -I$(html) -c -o $@ $<
$(lib): $(html)/assets.o

$(O)/sources: force
	@mkdir -p $(@D)
	@echo '$(lib_src) $(watch_src) $(reader_src) $(qemu_src) $(plugin_src) $(vmm_src) $(test_src)' | cmp -s - $@ || \
		echo '$(lib_src) $(watch_src) $(reader_src) $(qemu_src) $(plugin_src) $(vmm_src) $(test_src)' >$@

$(bin): $(cli_src:%.c=$(O)/%.o) $(reader_lib) $(qemu_lib) $(watch_lib) $(lib)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(all_ldflags) -o $@ $^ $(image_libs) $(all_libs) $(cli_libs)

$(O)/scxray-vmm: $(vmm_src:%.c=$(O)/%.o) $(lib)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(all_ldflags) -o $@ $^ $(image_libs) $(all_libs) -ldl

# The same VMM with the habits of others: for the lab.
wraps := ioctl dlsym plugin_host_vcpu_exit plugin_host_vcpu_start
$(O)/tests/lab/other_vmm: $(O)/tests/lab/other_vmm.o $(vmm_src:%.c=$(O)/%.o) $(lib)
	$(call say,LINK,$@)
	$(Q)$(CC) -pie $(all_ldflags) $(wraps:%=-Wl,--wrap=%) -o $@ $^ $(image_libs) $(all_libs) -ldl

# Programs whose allocations and system calls fail once.
fault_wraps = $(shell sed -nE '/^\#define/d; s/(NO_MEMORY|NO_OBJECT|NO_LENGTH|BROKEN|WAITING|NUMBER)\(([a-zA-Z0-9_]+)\)/\n-Wl,--wrap=\2\n/gp' \
	tests/fakes/faults.c | grep -o '^-Wl.*') -Wl,--wrap=fclose
$(O)/tests/faults/scxray: $(O)/tests/fakes/faults.o $(cli_src:%.c=$(O)/%.o) $(reader_lib) $(qemu_lib) $(watch_lib) $(lib)
	$(call say,LINK,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -pie $(all_ldflags) $(fault_wraps) -o $@ $^ $(image_libs) $(all_libs) $(cli_libs)

# The map leaves scxray_plugin_init visible, and nothing else.
$(O)/scxray-plugin.so: $(plugin_src:%.c=$(O)/%.o) $(watch_lib) $(lib) vmm-plugin/plugin.map
	$(call say,LINK,$@)
	$(Q)$(CC) -shared $(all_ldflags) -Wl,--version-script=vmm-plugin/plugin.map \
		-o $@ $(filter %.o %.a,$^) $(all_libs) -ldl

# A test program takes from the plugin what it names; those of the VMM take from that as well.
$(units): $(O)/%: $(O)/%.o $(test_lib) $(plugin_lib) $(watch_lib) $(lib)
	$(call say,LINK,$@)
	$(Q)$(CC) $(all_ldflags) -o $@ $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group \
		$(image_libs) $(all_libs) $(check_libs) $(cli_libs) -ldl
$(filter $(O)/tests/unit/vmm_%,$(units)): $(vmm_lib)
$(filter $(O)/tests/unit/qemu_%,$(units)): $(qemu_lib)
$(filter $(O)/tests/unit/reader_%,$(units)): $(reader_lib)
# vCPUs that are only registers, in the place of the plugin's own: for tests that ask for them.  In the
# archive, every test of the freeze would have got them.
$(O)/tests/unit/plugin_abi $(O)/tests/unit/plugin_run $(O)/tests/unit/plugin_told $(O)/tests/unit/plugin_ram $(O)/tests/unit/plugin_watch $(O)/tests/unit/plugin_maker $(O)/tests/unit/plugin_faults: $(O)/tests/fakes/vm.o
$(O)/tests/unit/plugin_faults: $(O)/tests/fakes/faults.o
$(O)/tests/unit/plugin_faults: private all_ldflags += $(fault_wraps)
# They run the scxray program, or load the plugin as a VMM does.
$(O)/tests/unit/plugin_run $(O)/tests/unit/plugin_told $(O)/tests/unit/plugin_ram $(O)/tests/unit/plugin_maker $(O)/tests/unit/plugin_faults: | $(bin)
$(O)/tests/unit/plugin_abi_library $(O)/tests/unit/vmm_restore_two: | $(plugin)

$(tools): $(O)/%: $(O)/%.o $(test_lib) $(lib)
	$(call say,LINK,$@)
	$(Q)$(CC) $(all_ldflags) -o $@ $^ $(image_libs) $(all_libs)

$(fuzzers): $(O)/%: $(O)/%.o $(test_lib) $(reader_lib) $(qemu_lib) $(lib)
	$(call say,LINK,$@)
	$(Q)$(CC) -fsanitize=fuzzer $(all_ldflags) -o $@ $^ $(image_libs) $(all_libs) $(cli_libs)

# Hosts of the plugin, as others write them: with its one header, and no library of ours.
CXX := $(if $(filter clang%,$(compiler)),clang++,g++)
host_flags = -Iinclude -Wall -Wextra $(if $(WERROR),-Werror) -MMD -MP $(sanitize) $(CFLAGS)
$(O)/tests/hosts/%-c: tests/hosts/%.c $(O)/flags
	$(call say,HOST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(host_flags) $(LDFLAGS) -o $@ $< -ldl -lpthread
$(O)/tests/hosts/%-cpp: tests/hosts/%.cpp $(O)/flags
	$(call say,HOST,$@)
	@mkdir -p $(@D)
	$(Q)$(CXX) -std=c++17 $(host_flags) $(LDFLAGS) -o $@ $< -ldl -lpthread

# The same host as it was compiled with the first plugin.h.
$(O)/tests/hosts/host-old: tests/hosts/host.c $(O)/flags
	$(call say,HOST,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE -Itests/hosts/old $(host_flags) $(LDFLAGS) -o $@ $< -ldl -lpthread

-include $(objects:.o=.d) $(hosts:=.d)

# ---- what people call -------------------------------------------------------

# Targets that install what they need first go on in a second make, which then
# sees the libraries; it makes with all CPUs unless it was told otherwise.
again = +$(Q)$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))
deps = PACKAGES='$(wildcard mk/packages.txt kernel-fixtures/packages.txt)' CC='$(CC)' \
	PYTHON='$(PYTHON)' sh mk/deps.sh

.PHONY: deps deps-build deps-lint deps-fuzz deps-all
deps: ## install (root, apt) or name what build and tests need
	@$(deps) build check
deps-build:
	@$(deps) build
deps-lint:
	@$(deps) build lint
deps-fuzz:
	@$(deps) build check clang
deps-all: ## the same for lint, fuzz and bench, too
	@$(deps) build check clang lint bench

.PHONY: demo
demo: deps-build ## a report of a bundled failure, from nothing: installs, builds, shows
	$(again) all
	@sh tests/demo.sh build/scxray

.PHONY: check check-programs
check: deps ## every test that needs no VM
	$(again) check-programs
	@$(PYTHON) tests/run.py --build $(O) --counts $(O)/counts $(RUN)
# Only what the tests need that tests/run.py finds by RUN: their own programs, and for scripts what they run.
named = $(if $(RUN),$(foreach name,$(1),$(if $(strip $(foreach word,$(RUN),$(findstring $(word),$(name)))),$(name))),$(1))
scripts := $(wildcard tests/*/test_*.py tests/*/*_test.sh)
check-programs: $(addprefix $(O)/,$(call named,$(unit_src:%.c=%))) \
	$(if $(strip $(call named,$(scripts))),all $(tools) $(hosts) $(O)/tests/faults/scxray)

.PHONY: mutate
N ?= 10000
mutate: deps ## N reports each of cores with 1, 10 and 1000 wrong places: the worst time and memory, and what fails
	$(again) all $(O)/tests/tools/mutate
	@SCXRAY_BUILD=$(O) $(PYTHON) tests/mutate/test_mutate.py $(N)

.PHONY: check-faults
check-faults: deps ## each allocation and system call of `scxray report` and of a plugin's run fails, in turn; an hour
	$(again) all $(O)/tests/unit/plugin_faults $(O)/tests/faults/scxray
	@SCXRAY_FAULTS=all CK_TIMEOUT_MULTIPLIER=1000 $(PYTHON) tests/run.py --build $(O) --timeout 7200 faults

.PHONY: check-images check-diagnosis
check-diagnosis: deps ## failures against the first finding of their reports, over all images and bundled cores
	$(again) all
	@$(PYTHON) tests/diagnosis/matrix.py --scxray $(bin) $(RUN)

check-images: deps ## compare the reports of all images below build/images with the kernel's dumps
	$(again) all
	@$(PYTHON) tests/oracle/images.py --scxray $(bin) $(RUN)
	@$(PYTHON) tests/oracle/formats.py --scxray $(bin) $(RUN)
	@$(PYTHON) tests/oracle/kcore.py --scxray $(bin)

.PHONY: check-html
check-html: deps ## the HTML report in a headless Chromium; pictures in build/html
	@$(deps) browser
	$(again) all
	@SCXRAY_BUILD=$(O) $(PYTHON) tests/html/page.py --pictures build/html --counts build/html/counts

.PHONY: pictures
pictures: deps ## the README's pictures of the HTML report, anew
	@$(deps) browser
	$(again) all
	@mkdir -p docs/pictures
	@SCXRAY_BUILD=$(O) $(PYTHON) tests/html/page.py --readme docs/pictures

.PHONY: goldens
goldens: deps ## write goldens and samples anew (read the difference before you commit it)
	$(again) all
	@$(PYTHON) tests/replay/goldens.py --scxray $(bin) --write
	@$(PYTHON) tests/docs/samples.py --scxray $(bin) --write
	@$(PYTHON) tests/docs/queries.py --scxray $(bin) --write

.PHONY: lint
lint: deps-lint ## clang-format, cppcheck, shellcheck, layers, names of the library
	$(again) all $(installed_lib)
	@PYTHON='$(PYTHON)' sh tests/lint/run.sh $(O)

.PHONY: fuzz fuzz-programs
fuzz: deps-fuzz ## libFuzzer targets for SECONDS=n in all
	$(again) fuzz-programs CC=clang SAN=address,undefined FUZZ=1
	@PYTHON='$(PYTHON)' sh tests/fuzz/run.sh build/clang-address-undefined-fuzz $(SECONDS) $(FUZZ_TARGETS)
fuzz-programs: $(fuzzers)

.PHONY: bench
bench: deps ## phases, bytes and peak memory of the bundled cores and images (BENCH=--json)
	$(again) all $(tools)
	@$(PYTHON) tests/bench/bench.py --build $(O) $(BENCH)

.PHONY: bench-compare bench-write
bench-compare: deps ## fails where a phase takes 3 % more instructions than tests/bench/instructions.json has
	$(again) all $(tools)
	@$(PYTHON) tests/bench/compare.py --build $(O) --cc '$(CC)'

bench-write: deps ## write tests/bench/instructions.json anew
	$(again) all $(tools)
	@$(PYTHON) tests/bench/compare.py --build $(O) --cc '$(CC)' --write

# As it is installed, the library shows the names of its headers only.  With the others, a program's own
# sort() would take the place of ours.
installed_lib := $(O)/installed/libscxray.a
$(installed_lib): $(lib)
	$(call say,OBJCOPY,$@)
	@mkdir -p $(@D)
	$(Q)$(LD) -r -o $(@:.a=.o) --whole-archive $<
	$(Q)$(OBJCOPY) --wildcard --keep-global-symbol='scxray_*' $(@:.a=.o)
	$(Q)rm -f $@ && $(AR) qcsD $@ $(@:.a=.o)

.PHONY: install uninstall
man_pages := $(wildcard docs/*.[1-8])
# Where a page goes: man1, man3 ...
man_page = $(MANDIR)/man$(patsubst .%,%,$(suffix $(1)))/$(notdir $(1))
guides := LICENSE CHANGELOG.md $(wildcard docs/*.md)
# The version's one place is at the top.
with_version = sed -e 's|@VERSION@|$(VERSION)|'
install: all $(installed_lib) ## programs, plugin, library, headers, man pages, guides, completion (PREFIX=, DESTDIR=)
	install -d $(DESTDIR)$(BINDIR) $(DESTDIR)$(LIBDIR)/scxray $(DESTDIR)$(LIBDIR)/pkgconfig \
		$(DESTDIR)$(INCLUDEDIR)/scxray \
		$(addprefix $(DESTDIR),$(sort $(dir $(foreach page,$(man_pages),$(call man_page,$(page)))))) $(DESTDIR)$(DATADIR) $(DESTDIR)$(DOCDIR) $(DESTDIR)$(BASHDIR) \
		$(DESTDIR)$(ZSHDIR) $(DESTDIR)$(FISHDIR)
	install -m 755 $(filter-out %.so,$(programs)) $(DESTDIR)$(BINDIR)/
	install -m 755 $(filter %.so,$(programs)) $(DESTDIR)$(LIBDIR)/scxray/
	install -m 644 $(installed_lib) $(DESTDIR)$(LIBDIR)/libscxray.a
	$(with_version) -e 's|@LIBDIR@|$(LIBDIR)|; s|@INCLUDEDIR@|$(INCLUDEDIR)|' \
		-e 's|@PREFIX@|$(PREFIX)|; s|@LIBS@|$(LIBS)|; s|@KDUMP@|$(kdump)|' mk/scxray.pc.in \
		>$(DESTDIR)$(LIBDIR)/pkgconfig/scxray.pc
	install -m 644 $(wildcard include/scxray/*.h) $(DESTDIR)$(INCLUDEDIR)/scxray/
	$(foreach page,$(man_pages),$(with_version) $(page) >$(DESTDIR)$(call man_page,$(page)) && \
		chmod 644 $(DESTDIR)$(call man_page,$(page)) &&) :
	install -m 644 $(guides) $(DESTDIR)$(DOCDIR)/
	$(bin) completion bash >$(DESTDIR)$(BASHDIR)/scxray
	$(bin) completion zsh >$(DESTDIR)$(ZSHDIR)/_scxray
	$(bin) completion fish >$(DESTDIR)$(FISHDIR)/scxray.fish
	chmod 644 $(DESTDIR)$(BASHDIR)/scxray $(DESTDIR)$(ZSHDIR)/_scxray $(DESTDIR)$(FISHDIR)/scxray.fish
	install -m 644 docs/report.schema.json $(DESTDIR)$(DATADIR)/report.schema.json
uninstall: ## what install put there
	rm -f $(patsubst $(O)/%,$(DESTDIR)$(BINDIR)/%,$(filter-out %.so,$(programs))) \
		$(patsubst $(O)/%,$(DESTDIR)$(LIBDIR)/scxray/%,$(filter %.so,$(programs))) \
		$(DESTDIR)$(LIBDIR)/libscxray.a $(DESTDIR)$(LIBDIR)/pkgconfig/scxray.pc \
		$(DESTDIR)$(DATADIR)/report.schema.json \
		$(foreach page,$(man_pages),$(DESTDIR)$(call man_page,$(page))) \
		$(DESTDIR)$(BASHDIR)/scxray $(DESTDIR)$(ZSHDIR)/_scxray $(DESTDIR)$(FISHDIR)/scxray.fish \
		$(addprefix $(DESTDIR)$(DOCDIR)/,$(notdir $(guides))) \
		$(patsubst include/%,$(DESTDIR)$(INCLUDEDIR)/%,$(wildcard include/scxray/*.h))
	@rmdir $(DESTDIR)$(INCLUDEDIR)/scxray $(DESTDIR)$(LIBDIR)/scxray $(DESTDIR)$(DATADIR) \
		$(DESTDIR)$(DOCDIR) 2>/dev/null || :

.PHONY: dist
dist: ## build/scxray-VERSION.tar.gz: what is committed
	@mkdir -p build
	git archive --prefix=scxray-$(VERSION)/ -o build/scxray-$(VERSION).tar.gz HEAD

.PHONY: deb check-deb
deb: deps-build ## Debian packages in build/deb: scxray, scxray-plugin, libscxray-dev
	@sh mk/deps.sh deb
	@mk/deb.sh $(VERSION)
check-deb: deb ## install them on a bare Debian 12 and 13, use them, remove them
	@mk/check-deb.sh

.PHONY: clean
clean: ## what was compiled; kernels and images stay (rm -r build takes those as well)
	rm -rf $(wildcard build/gcc* build/clang* build/scxray build/scxray-* build/demo build/fuzz)

.PHONY: help
help: ## this list
	@echo 'scxray $(VERSION): make TARGET [CC=gcc|clang] [SAN=address,undefined|thread] [WERROR=1] [V=1]'
	@sed -n 's/^\([a-z][a-z-]*\):[^#]*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

-include kernel-fixtures/images.mk kernel-fixtures/cores.mk kernel-fixtures/lab.mk
