# SPDX-License-Identifier: BSD-2-Clause
#
# The lab: a machine under emulation that has a true KVM (QEMU emulates AMD's SVM), for tests of
# scxray-vmm and the plugin with guests that boot, schedule and fail.
#
#	make check-vm			all of tests/lab, some minutes
#	make check-vm RUN='clock'	those whose name holds a word
#	make check-qemu			all of tests/qemu/scenarios.py, some minutes; KILLS=200 for more of `kill`
#
# Included by the top Makefile.

lab := build/lab
lab_qemu := $(lab)/qemu/usr/bin/qemu-system-x86_64
lab_kernel := $(lab)/kernel/vmlinuz
lab_vng := $(lab)/vng/kernel/vmlinuz
lab_initrd := $(lab)/initrd.cpio
lab_releases := 6.18.15 7.3.4
lab_guests := $(lab_releases:%=build/kernels/%/vmlinuz)

.PHONY: check-vm check-vm-deps check-vm-parts
check-vm: check-vm-deps ## scxray-vmm and the plugin in the lab, a true KVM under emulation (minutes)
	$(again) check-vm-parts
	@$(PYTHON) tests/lab/check.py --build $(O) --counts $(lab)/counts $(RUN)
check-vm-deps:
	@PACKAGES='mk/packages.txt kernel-fixtures/packages.txt' CC='$(CC)' PYTHON='$(PYTHON)' \
		sh mk/deps.sh build check images
check-vm-parts: $(programs) $(main_bin) $(O)/tests/tools/kvm_probe $(O)/tests/tools/hold_thread $(O)/tests/lab/other_vmm $(lab_initrd) $(lab_qemu) fixtures | $(lab_guests)

# Real QEMUs under emulation, watched from outside: Debian 12's 7.2, and the lab's.
.PHONY: check-qemu check-qemu-deps check-qemu-parts
check-qemu: check-vm-deps check-qemu-deps ## scxray watch, attach, run with real QEMUs, 7.2 and 10.0, under emulation (minutes)
	$(again) check-qemu-parts
	@mkdir -p $(lab)/qemus
	@$(PYTHON) tests/qemu/check.py --build $(O) --counts $(lab)/qemus/counts $(RUN)
check-qemu-deps:
	@PACKAGES=mk/packages.txt PYTHON='$(PYTHON)' sh mk/deps.sh qemu
check-qemu-parts: $(bin) $(lab_qemu) $(lab_vng) fixtures | $(lab_guests)

# By the recipe's own date, not the packages'.
$(lab_qemu): $(kf)/lab/fetch.sh
	@$(kf)/lab/fetch.sh qemu $(kf_cache) $(lab)/qemu
	@touch $@

$(lab_kernel): $(kf)/lab/fetch.sh
	@$(kf)/lab/fetch.sh kernel $(kf_cache) $(lab)/kernel
	@touch $@

$(lab_vng): $(kf)/lab/fetch.sh
	@$(kf)/lab/fetch.sh vng $(kf_cache) $(lab)/vng
	@touch $@

$(lab)/init: $(kf)/lab/init.c
	$(call say,LAB,$@)
	@mkdir -p $(@D)
	$(Q)gcc $(kf_cflags) -static $< -o $@

$(lab_initrd): $(lab)/init $(lab_kernel)
	@rm -rf $(lab)/initrd && mkdir -p $(lab)/initrd/dev $(lab)/initrd/proc $(lab)/initrd/host
	@cp -r $(lab)/init $(lab)/kernel/modules $(lab)/initrd/
	@cd $(lab)/initrd && find . | cpio --quiet -o -H newc >../initrd.cpio.new && mv ../initrd.cpio.new ../initrd.cpio
