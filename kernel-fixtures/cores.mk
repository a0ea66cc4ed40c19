# SPDX-License-Identifier: BSD-2-Clause
#
# The bundled cores: what `make demo` and the tests run on, with the kernel's own
# dump of the same moment beside each.
#
#	make cores	makes them anew, from images of the recipe in images.mk
#
# They are in git, a few MB each.  Make them anew when a later scxray reads what
# these lack, and commit them together with what reads it.

# RELEASE,MODE: every failure a newcomer should see, a kernel of each shape.
bundled := 6.12,held 6.18.15,vtime 7.3.4,stall

bundled_comma := ,
bundled_entries := $(addprefix core-of/,$(bundled))
bundled_words = $(subst $(bundled_comma), ,$*)
bundled_release = $(word 1,$(bundled_words))
bundled_mode = $(word 2,$(bundled_words))
bundled_image = build/images/$(bundled_release)/$(bundled_mode)
bundled_core = kernel-fixtures/cores/$(bundled_release)-$(bundled_mode)

.PHONY: cores $(bundled_entries)
cores: $(bundled_entries) ## the bundled cores, anew from images

$(bundled_entries): core-of/%: build/scxray
	@$(MAKE) --no-print-directory images RELEASE=$(bundled_release) MODE=$(bundled_mode)
	@mkdir -p kernel-fixtures/cores
	build/scxray report --early $(bundled_image)/half.vmcore $(bundled_image)/error.vmcore \
		--save-early-core $(bundled_core)-half.core.zst --save-core $(bundled_core)-error.core.zst -o /dev/null
	@cp $(bundled_image)/dump.txt $(bundled_core)-dump.txt

# Of the zoo of maps: the core of the error exit alone, and what bpf() said (tests/oracle/test_bundled_maps.py).
maps_release := 7.3.4
maps_image = build/images/$(maps_release)/maps
maps_core = tests/oracle/cores/$(maps_release)-maps

.PHONY: maps-core
maps-core: build/scxray ## the bundled core of MODE=maps, anew from its image
	@$(MAKE) --no-print-directory images RELEASE=$(maps_release) MODE=maps
	@mkdir -p $(dir $(maps_core))
	build/scxray report $(maps_image)/error.vmcore --save-core $(maps_core).core.zst -o /dev/null
	@cp $(maps_image)/maps.txt $(maps_core).txt

# Of the tree of schedulers: the core of half-way, the kernel's dump, and what sysfs and bpf() said (tests/oracle/test_bundled_scheds.py).
sub_release := 7.3.4
sub_image = build/images/$(sub_release)/sub
sub_core = tests/oracle/cores/$(sub_release)-sub

.PHONY: sub-core
sub-core: build/scxray ## the bundled core of MODE=sub, anew from its image
	@$(MAKE) --no-print-directory images RELEASE=$(sub_release) MODE=sub
	@mkdir -p $(dir $(sub_core))
	build/scxray report $(sub_image)/half.vmcore --save-core $(sub_core).core.zst -o /dev/null
	@cp $(sub_image)/half-dump.txt $(sub_core)-dump.txt
	@sed -n '/^\[half\]/,/^$$/p' $(sub_image)/oracle.txt > $(sub_core).txt

# Of causes of failure that need no more to be seen: the core of the error exit and the kernel's dump; a pair where what moved in
# between tells (tests/oracle/test_bundled_causes.py). 6.12, whose cores are half the size of others.
cause_release := 6.12
cause_pairs := affinity sliceinf
cause_singles := lost partial
cause_image = build/images/$(cause_release)/$*
cause_core = tests/oracle/cores/$(cause_release)-$*

.PHONY: cause-cores $(addprefix cause-core-of/,$(cause_pairs) $(cause_singles))
cause-cores: $(addprefix cause-core-of/,$(cause_pairs) $(cause_singles)) ## the bundled cores of single causes, anew from images

$(addprefix cause-core-of/,$(cause_pairs) $(cause_singles)): cause-core-of/%: build/scxray
	@$(MAKE) --no-print-directory images RELEASE=$(cause_release) MODE=$*
	build/scxray report $(cause_image)/error.vmcore --save-core $(cause_core)-error.core.zst -o /dev/null
	$(if $(filter $*,$(cause_pairs)),build/scxray report $(cause_image)/half.vmcore --save-core $(cause_core)-half.core.zst -o /dev/null)
	@cp $(cause_image)/dump.txt $(cause_core)-error-dump.txt
