# The programs that `make bench` measures with, and the peers. Included by the top Makefile.
#
#   bench-tools    $(BUILD)/bench/: load generator, server, the plugin that counts instructions, the Linux guest

bench := $(BUILD)/bench

BENCH_SWIFTFLAGS := -swift-version 6 -warnings-as-errors -wmo -parse-as-library -O -I CLI/bench/System/CLinux
BENCH_SHARED     := $(wildcard CLI/bench/Core/*.swift CLI/bench/System/*.swift)

.PHONY: bench bench-tools
bench-tools: $(bench)/bench-load $(bench)/bench-server $(bench)/instructions.so $(bench)/guest/initrd.cpio.gz $(bench)/peers/done

# $(call bench_program,NAME,FOLDER): static, so that the Linux guest needs no libraries of Swift's.
define bench_program
$(bench)/$(1): $(BENCH_SHARED) $(wildcard CLI/bench/$(2)/*.swift) $(wildcard CLI/bench/System/CLinux/*) CLI/bench/build.mk
	@mkdir -p $$(@D)
	@echo "  SWIFTC  $(1)"
	@$(SWIFTC) $(BENCH_SWIFTFLAGS) -static-executable -use-ld=lld -module-name $(subst -,_,$(1)) -o $$@ $$(filter %.swift,$$^)
	@strip $$@
endef
$(eval $(call bench_program,bench-load,Load))
$(eval $(call bench_program,bench-server,Server))

$(bench)/instructions.so: CLI/bench/Peers/instructions.c CLI/bench/build.mk
	@mkdir -p $(@D)
	@echo "  CC      instructions.so"
	@$(CLANG) -std=gnu17 -O2 -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden -o $@ $<

bench_actions = $(BUILD)/actions/echo $(wildcard $(BUILD)/actions/echo-glibc) $(BUILD)/test-actions/compute

# What cannot be had is left out by the bench, by name.
$(bench)/guest/initrd.cpio.gz: CLI/bench/Peers/guest.sh $(bench)/bench-server $(BUILD)/actions/echo $(BUILD)/test-actions/compute
	@mkdir -p $(@D)
	@echo "  GUEST   Linux"
	@CLI/bench/Peers/guest.sh $(abspath $(@D)) $(abspath $(bench)/bench-server) $(abspath $(bench_actions)) || \
	  { echo "  left out the Linux guest: its packages cannot be had" >&2; rm -f $(bench)/guest/vmlinuz; touch $@; }

$(bench)/peers/done: CLI/bench/Peers/packages.sh
	@mkdir -p $(@D)
	@CLI/bench/Peers/packages.sh $(abspath $(@D))
	@touch $@

bench: kernel actions test-actions bench-tools
	@$(SWIFT) build --quiet --product swiftlet-bench
	@"$$($(SWIFT) build --show-bin-path)/swiftlet-bench" --build "$(abspath $(BUILD))" \
	  $(if $(filter --quick --part --document,$(BENCH)),,--document docs/benchmarks.md) $(BENCH)
