# SPDX-License-Identifier: BSD-2-Clause
#
# vmcores of failing sched_ext guests, and what the guests' kernels said of the same moments.
#
#	make images RELEASE=6.18.15 MODE=stall	one pair of images, in build/images/RELEASE/MODE[-VARIANT]/
#	make images-all				the whole matrix
#
# Included by the top Makefile; also works alone: make -f kernel-fixtures/images.mk images ...
# README.md beside this file tells what comes out.

RELEASE ?= 6.18.15
MODE ?= stall
CPUS ?= 2
NODES ?= 1
LA57 ?= 0
PTI ?= 0
KASLR ?= 1
TIMEOUT ?= 8
KALLSYMS ?= 0
BIGHASH ?= 0
SCHED ?=
# scx_pair has a queue for each of 4096 cgroups.
kf_mem := $(if $(filter pair,$(SCHED)),512,128)
MEM ?= $(kf_mem)
FAILS ?= 0
IMAGE_JOBS ?= 2

BPF_CLANG ?= clang
# clang 14 loses type tags of pointers to structs (kptrs), and knows no address spaces (arenas): the zoo, the
# sub-schedulers and the scheduler with an arena need a newer one.
ZOO_CLANG ?= clang-19
# What the kernel's verifier takes of scx_qmap is what a newer one yet makes of it.
SCHED_CLANG ?= clang-22
QEMU ?= qemu-system-x86_64

kf_comma := ,
kf := kernel-fixtures
kf_build := build/fixtures
kf_cache := build/cache
kf_python ?= $(firstword $(wildcard /usr/bin/python3) python3)

# What differs from the usual guest is part of the folder's name.
kf_variant := $(if $(filter-out 2,$(CPUS)),-cpus$(CPUS))$(if $(filter-out $(kf_mem),$(MEM)),-mem$(MEM))
kf_variant := $(kf_variant)$(if $(filter-out 1,$(NODES)),-nodes$(NODES))$(if $(filter 1,$(LA57)),-la57)
kf_variant := $(kf_variant)$(if $(filter 1,$(PTI)),-pti)$(if $(filter 0,$(KASLR)),-nokaslr)
kf_variant := $(kf_variant)$(if $(filter-out 8,$(TIMEOUT)),-timeout$(TIMEOUT))$(if $(filter-out 0,$(BIGHASH)),-bighash$(BIGHASH))

# ---- schedulers that others wrote -------------------------------------------
# From tools/sched_ext of the release's source; with FAILS=1 the guest makes it fail, or what is added to its arguments.
# (-S: what qmap adds to the kernel's dump is not the kernel's.)
kf_scheds := simple sdt qmap flatcg pair userland cpu0
kf_args_qmap := $(kf_comma)-S
kf_fails_qmap := $(kf_comma)-t,100
ifneq ($(SCHED),)
override MODE := other
kf_program = --program scx_$(SCHED)$(kf_args_$(SCHED))$(if $(filter 1,$(FAILS)),$(kf_fails_$(SCHED)) --fails)
endif
kf_image := build/images/$(RELEASE)/$(if $(SCHED),scx_$(SCHED),$(MODE))$(if $(filter 1,$(FAILS)),-fails)$(kf_variant)

kf_sysroot := $(kf_cache)/sysroot
kf_private := $(shell sed -n 's/^private[ 	]*\([^ 	]*\).*/\1/p' $(kf)/packages.txt)
kf_libbpf := $(kf_sysroot)/usr/lib/x86_64-linux-gnu/libbpf.a
kf_object := $(kf_build)/scxfix.bpf.o
# MODE=throttled: the same with an arena
kf_arena := $(kf_build)/scxfix-arena.bpf.o
# MODE=sub: one scheduler in the two forms that kernels take
kf_subs := $(kf_build)/scxsub-cpu.bpf.o $(kf_build)/scxsub-cid.bpf.o
kf_zoo := $(patsubst $(kf)/zoo/%.bpf.c,$(kf_build)/zoo/%.o,$(wildcard $(kf)/zoo/*.bpf.c))
kf_init := $(kf_build)/init
kf_initrd := $(kf_build)/initrd.cpio.zst

kf_warnings := -Wall -Wextra -Werror
kf_cflags := -std=gnu11 -D_GNU_SOURCE -O2 -g $(kf_warnings) -I$(kf)/bpf -isystem $(kf_sysroot)/usr/include
# -mcpu=v3: the least with 32-bit compares, which every kernel with sched_ext runs. Expanded when used: gcc may have to be
# installed first.
kf_bpf_cflags = -target bpf -mcpu=v3 -O2 -g $(kf_warnings) -Wno-unused-parameter -D__TARGET_ARCH_x86 \
	-isystem $(kf_sysroot)/usr/include -idirafter /usr/include/$(shell gcc -print-multiarch)

.PHONY: images images-deps scheds-deps images-all images-clean fixtures
images: images-deps $(if $(SCHED),scheds-deps) ## a vmcore pair of a failing guest (RELEASE=6.18.15 MODE=stall CPUS= MEM= NODES= LA57= PTI= KASLR= TIMEOUT=)
	@$(kf_locked) $(kf_image_parts)
	@$(MAKE) --no-print-directory -f $(kf)/images.mk $(kf_image)/meta.json

images-deps:
	@PACKAGES=$(kf)/packages.txt sh mk/deps.sh images

scheds-deps:
	@PACKAGES=$(kf)/packages.txt sh mk/deps.sh scheds

# A module for those that look at one: an archive of its own, before the others'.
kf_modules := $(if $(filter dlhog,$(MODE)),build/kernels/$(RELEASE)/modules.cpio)
# And so are the others' schedulers.
kf_modules += $(if $(SCHED),build/kernels/$(RELEASE)/scheds.cpio)

# What images have in common is made by one at a time, whoever else makes images beside this.
kf_image_parts := $(kf_initrd) build/kernels/$(RELEASE)/vmlinuz $(kf_modules)
kf_locked = mkdir -p build && flock build/fixtures.lock $(MAKE) -s --no-print-directory -f $(kf)/images.mk

$(kf_image)/meta.json: $(kf_initrd) $(wildcard $(kf)/tools/*.py) | $(wordlist 2,9,$(kf_image_parts))
	@mkdir -p $(@D)
	@cat $(kf_modules) $(kf_initrd) > $(@D)/initrd
	@$(kf_python) $(kf)/tools/drive.py --release '$(RELEASE)' --mode '$(MODE)' --kernel build/kernels/$(RELEASE)/vmlinuz \
		--initrd $(@D)/initrd --out $(@D) --cpus '$(CPUS)' --mem '$(MEM)' --nodes '$(NODES)' --la57 '$(LA57)' \
		--pti '$(PTI)' --kaslr '$(KASLR)' --timeout '$(TIMEOUT)' --qemu '$(QEMU)' \
		--append '$(if $(filter 1,$(KALLSYMS)),scxfix.kallsyms )scxfix.bighash=$(BIGHASH)' $(kf_program)
	@rm $(@D)/initrd

build/kernels/%/vmlinuz:
	@$(kf)/tools/fetch-kernel.sh $* $(kf_cache) $(@D)

build/kernels/%/modules.cpio: | build/kernels/%/vmlinuz
	@$(kf)/tools/fetch-modules.sh $* $(kf_cache) $(@D)

build/kernels/%/scheds.cpio: | build/kernels/%/vmlinuz
	@$(kf)/tools/build-scheds.sh $* $(kf_cache) $(@D) '$(SCHED_CLANG)' $(kf_scheds)

# ---- the guest --------------------------------------------------------------

fixtures:
	@$(kf_locked) $(kf_initrd)

$(kf_libbpf): $(kf)/packages.txt
	@$(kf)/tools/apt-private.sh $(kf_cache)/apt unpack $(kf_sysroot) $(kf_private)
	@touch $@

$(kf_object): $(wildcard $(kf)/bpf/*) $(kf_libbpf)
	@mkdir -p $(@D)
	@echo "  BPF     $@"
	@$(BPF_CLANG) $(kf_bpf_cflags) -c $(kf)/bpf/scxfix.bpf.c -o $@
	@llvm-strip -g $@

$(kf_arena): $(wildcard $(kf)/bpf/*) $(kf_libbpf)
	@mkdir -p $(@D)
	@echo "  BPF     $@"
	@$(ZOO_CLANG) $(kf_bpf_cflags) -DSCXFIX_ARENA -c $(kf)/bpf/scxfix.bpf.c -o $@
	@llvm-strip -g $@

$(kf_build)/scxsub-cid.bpf.o: kf_form := -DSCXSUB_CID
$(kf_subs): $(wildcard $(kf)/bpf/*) $(kf_libbpf)
	@mkdir -p $(@D)
	@echo "  BPF     $@"
	@$(ZOO_CLANG) $(kf_bpf_cflags) $(kf_form) -c $(kf)/bpf/scxsub.bpf.c -o $@
	@llvm-strip -g $@

$(kf_build)/zoo/%.o: $(kf)/zoo/%.bpf.c $(wildcard $(kf)/zoo/*.h) $(kf_libbpf)
	@mkdir -p $(@D)
	@echo "  BPF     $@"
	@$(ZOO_CLANG) $(kf_bpf_cflags) -c $< -o $@
	@llvm-strip -g $@

$(kf_init): $(wildcard $(kf)/guest/*) $(kf)/bpf/shared.h $(kf)/zoo/zoo.h $(kf_object) $(kf_arena) $(kf_subs)
	@echo "  GUEST   $@"
	@gcc $(kf_cflags) -static -DSCXFIX_OBJECT='"$(kf_object)"' -DSCXFIX_ARENA='"$(kf_arena)"' \
		$(foreach form,cpu cid,-DSCXSUB_$(form)='"$(kf_build)/scxsub-$(form).bpf.o"') $(wildcard $(kf)/guest/*.c) $(wildcard $(kf)/guest/*.S) \
		$(kf_libbpf) -lelf -lz -o $@

$(kf_initrd): $(kf_init) $(kf_zoo)
	@cd $(<D) && printf '%s\n' $(<F) zoo $(patsubst $(kf_build)/%,%,$(kf_zoo)) | cpio --quiet -o -H newc | zstd -q -f -o $(@F).new && mv $(@F).new $(@F)

# ---- the matrix -------------------------------------------------------------

kf_releases := 6.12 6.16.12 6.18.15 7.0.13 7.3.4
kf_modes := stall held vtime error hog maps dlhog
# Causes of failure that need one kernel of either shape.
kf_cause_releases := 6.18.15 7.3.4
kf_cause_modes := affinity sliceinf partial lost userstop throttled watchdog kthread baddsq badcpu badselect noctx initfail hotplug panic

# RELEASE,MODE[,VARIABLE-VALUE...]; no "=", which make takes for an assignment
kf_matrix := $(foreach release,$(kf_releases),$(foreach mode,$(kf_modes),$(release),$(mode)))
kf_matrix += $(foreach mode,affinity sliceinf lost partial,6.12,$(mode))
kf_matrix += $(foreach release,$(kf_cause_releases),$(foreach mode,$(kf_cause_modes),$(release),$(mode)))
kf_matrix += 6.18.15,stall,KASLR-0 6.18.15,stall,LA57-1 6.18.15,stall,PTI-1 6.18.15,stall,NODES-2,CPUS-4
kf_matrix += 6.18.15,stall,CPUS-1 6.18.15,stall,CPUS-8 6.18.15,stall,MEM-5000 7.3.4,stall,LA57-1,PTI-1,CPUS-4
kf_matrix += 6.18.15,maps,CPUS-4 6.19.14,maps 7.2.12,maps
# other configurations: PREEMPT_RT, and the kernel for any machine
kf_matrix += 7.3.4-rt,stall 7.3.4-full,maps
# the layouts in between; 7.1 and 7.2 have no DSQs from BPF
kf_matrix += 6.17.13,stall 6.19.14,stall 7.1.13,held 7.2.12,hog
# sub-schedulers: both forms, and the layouts in between
kf_matrix += 7.1.13,sub 7.2.12,sub 7.3.4,sub
kf_matrix += 6.18.15,none 6.1-stock,none 6.12-stock,none

# schedulers that others wrote
kf_matrix += $(foreach sched,sdt qmap flatcg userland,7.3.4,other,SCHED-$(sched))
kf_matrix += $(foreach sched,$(kf_scheds),7.3.4,other,SCHED-$(sched),FAILS-1)
kf_matrix += 6.12,other,SCHED-qmap 6.12,other,SCHED-qmap,FAILS-1

kf_entries := $(addprefix images-of/,$(kf_matrix))

# The guest and the kernels one after the other, then the images side by side.
images-all: images-deps scheds-deps ## every image of the matrix (IMAGE_JOBS=2 at a time)
	@$(MAKE) --no-print-directory -f $(kf)/images.mk $(kf_initrd) \
		$(sort $(foreach entry,$(kf_matrix),build/kernels/$(firstword $(subst $(kf_comma), ,$(entry)))/vmlinuz)) \
		$(sort $(foreach entry,$(filter %SCHED-,$(subst SCHED-,SCHED- ,$(kf_matrix))),\
			build/kernels/$(firstword $(subst $(kf_comma), ,$(entry)))/scheds.cpio))
	@$(MAKE) --no-print-directory -k -j$(IMAGE_JOBS) -f $(kf)/images.mk $(kf_entries)

.PHONY: $(kf_entries)
$(kf_entries): images-of/%:
	@$(MAKE) --no-print-directory -f $(kf)/images.mk images-one $(kf_assignments)
kf_words = $(subst $(kf_comma), ,$*)
kf_assignments = RELEASE=$(word 1,$(kf_words)) MODE=$(word 2,$(kf_words)) $(subst -,=,$(wordlist 3,9,$(kf_words)))

.PHONY: images-one
images-one: $(kf_image)/meta.json

images-clean: ## the images and the guest, not the kernels
	rm -rf build/images $(kf_build)
