# Swiftlet: the kernel, its boot image, the actions, the host command and the tests.
#
#   make            kernel, host command and actions, into build/
#   make iso        the GRUB image build/swiftlet.iso (CMDLINE="…" sets the kernel's command line)
#   make run        boots the kernel under QEMU and serves (ARGS="--port 9090 …" goes to `swiftlet run`)
#   make test       every test, those that boot QEMU included
#   make test-openapi   the kernel against docs/openapi.yaml: a part of make test
#   make fuzz       random input for every parser, with libFuzzer (RUNS=200000 FUZZ="json elf" say how much and which)
#   make bench      Swiftlet beside its peers, and guest instructions per request (BENCH="--quick …" goes to swiftlet-bench)
#   make lint       style rules that no compiler checks
#   make clean      removes build/ and .build/

BUILD   ?= build
SWIFT   ?= swift
SWIFTC  ?= swiftc
CLANG   ?= clang
NASM    ?= nasm
ifeq ($(origin LD),default)
LD      := ld.lld
endif
ARGS    ?=
CMDLINE ?= auth=swiftlet:development

KERNEL_BUILD := $(BUILD)/kernel
KERNEL       := $(BUILD)/swiftlet-kernel.elf

.DELETE_ON_ERROR:
.PHONY: all kernel actions test-actions cli iso run test test-openapi fuzz lint clean setup

all: kernel cli actions

# --- Debian packages ---------------------------------------------------------------------------------------------
# What is missing is installed, with one line that says so. Each pair is a tool (or file) and its package.

TOOLS := qemu-system-x86_64:qemu-system-x86 $(NASM):nasm grub-mkrescue:grub-common xorriso:xorriso mformat:mtools \
  gcc:gcc curl:curl
FILES := /usr/lib/grub/i386-pc/moddep.lst:grub-pc-bin /usr/lib/x86_64-linux-musl/libc.a:musl-dev \
  /usr/share/qemu/qboot.rom:qemu-system-data
# What only the actions need.
ifneq ($(filter-out kernel cli iso test-actions lint clean setup,$(or $(MAKECMDGOALS),all)),)
FILES += /usr/lib/x86_64-linux-gnu/rcrt1.o:libc6-dev /usr/lib/x86_64-linux-gnu/liblua5.4.a:liblua5.4-dev
endif
# What only the check against the API's description needs.
ifneq ($(filter test test-openapi,$(MAKECMDGOALS)),)
TOOLS += python3:python3
FILES += $(firstword $(wildcard /usr/lib/python3.*/ensurepip/__init__.py) /usr/lib/python3/ensurepip):python3-venv
endif

MISSING := $(foreach pair,$(TOOLS),$(if $(shell command -v $(word 1,$(subst :, ,$(pair)))),,$(word 2,$(subst :, ,$(pair)))))
MISSING += $(foreach pair,$(FILES),$(if $(wildcard $(word 1,$(subst :, ,$(pair)))),,$(word 2,$(subst :, ,$(pair)))))
MISSING := $(sort $(MISSING))

setup:
ifeq ($(shell command -v $(SWIFTC)),)
	@echo "There is no $(SWIFTC) in PATH: install Swift 6.3 or newer, see https://www.swift.org/install/linux" >&2; exit 1
endif
ifneq ($(MISSING),)
	@echo "Installing the Debian packages that are missing: $(MISSING)"
	@sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	command -v apt-get >/dev/null && command -v $${sudo:-env} >/dev/null || { echo "That needs root and apt-get. Install them by hand." >&2; exit 1; }; \
	$$sudo apt-get update -qq && \
	  $$sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(MISSING) >/dev/null
endif

# --- The kernel --------------------------------------------------------------------------------------------------

KERNEL_SWIFTFLAGS := -target x86_64-unknown-none-elf -swift-version 6 -wmo -parse-as-library \
  -enable-experimental-feature Embedded -enable-experimental-feature Extern -enable-experimental-feature Lifetimes \
  -strict-memory-safety -warnings-as-errors \
  -Xfrontend -function-sections -Xfrontend -disable-stack-protector \
  -Xcc -ffreestanding -Xcc -mno-red-zone -Xcc -mno-sse \
  -Xcc -Xclang -Xcc -target-feature -Xcc -Xclang -Xcc +soft-float \
  -I Boot/include -I Kernel/Drivers/CDriverSupport/include -I $(KERNEL_BUILD)

include Tests/Fuzz/build.mk

# -Osize copies structs with `rep movsb`, which the modules that move large ones on a request's path must not. A generic
# function is compiled where it is used, which is Main.
COLD_MODULES := Settings ABI API JSON Entities Web

# $(call module,NAME,FOLDER,MODULES IT IMPORTS,OTHER FILES IT DEPENDS ON)
define module
MODULES += $(1)
$(KERNEL_BUILD)/$(1).o: $$(wildcard $(2)/*.swift) $(foreach d,$(3),$(KERNEL_BUILD)/$(d).o) $(4) Makefile | setup
	@mkdir -p $$(@D)
	@echo "  SWIFTC  $(1)"
	@$(SWIFTC) $(KERNEL_SWIFTFLAGS) $(if $(filter $(1),$(COLD_MODULES)),-Osize,-O) -module-name $(1) -emit-module -emit-module-path $(KERNEL_BUILD)/$(1).swiftmodule \
	  -c $$(filter %.swift,$$^) -o $$@
	@touch $$@  # swiftc leaves an unchanged file as old as it is: the next make would build it again

# The same files for the fuzzer, which runs on the host.
$(call fuzz_module,$(1),$(2),$(3))
endef

BOOT_HEADERS   := $(wildcard Boot/include/*)
DRIVER_HEADERS := $(wildcard Kernel/Drivers/CDriverSupport/include/*)

$(eval $(call module,Bytes,Kernel/Machine/Bytes,))
$(eval $(call module,Base,Kernel/Base,Bytes))
$(eval $(call module,ABI,Kernel/ABI,))
$(eval $(call module,Archive,Kernel/Archive,Bytes Base))
$(eval $(call module,Settings,Kernel/Settings,Bytes Base))
$(eval $(call module,Net,Kernel/Net,Bytes Base))
$(eval $(call module,HTTP,Kernel/HTTP,Bytes Base))
$(eval $(call module,JSON,Kernel/JSON,Bytes Base))
$(eval $(call module,Drivers,Kernel/Drivers,Bytes Base,$(DRIVER_HEADERS)))
$(eval $(call module,Actions,Kernel/Actions,ABI Bytes Base))
$(eval $(call module,Entities,Kernel/Entities,JSON Actions ABI Bytes Base))
$(eval $(call module,Records,Kernel/Records,Entities JSON Actions ABI Bytes Base))
$(eval $(call module,API,Kernel/API,Entities Records HTTP JSON Actions ABI Bytes Base))
$(eval $(call module,Web,Kernel/Web,API Entities Records HTTP JSON Actions ABI Bytes Base))
$(eval $(call module,Server,Kernel/Server,Web API Entities Records Archive HTTP JSON Net Actions ABI Bytes Base))
$(eval $(call module,Machine,Kernel/Machine,Actions ABI Bytes Base,$(BOOT_HEADERS)))
$(eval $(call module,Main,Kernel/Main,Machine Server Web API Entities Records Archive HTTP JSON Net Actions ABI Drivers Settings Bytes Base,$(BOOT_HEADERS)))

ASM_OBJECTS    := $(patsubst Boot/%.asm,$(KERNEL_BUILD)/%.asm.o,$(wildcard Boot/*.asm))
KERNEL_OBJECTS := $(ASM_OBJECTS) $(KERNEL_BUILD)/page.o $(patsubst %,$(KERNEL_BUILD)/%.o,$(MODULES))
LINK           := $(LD) -T linker.ld --gc-sections -z max-page-size=0x1000 -z noexecstack

kernel: $(KERNEL)

$(KERNEL_BUILD)/%.asm.o: Boot/%.asm Boot/percpu.inc | setup
	@mkdir -p $(@D)
	@echo "  NASM    $*"
	@$(NASM) -f elf64 -Wall -Werror -I Boot/ -o $@ $<

$(KERNEL_BUILD)/page.o: $(wildcard Kernel/Page/*) CLI/page.sh | setup
	@mkdir -p $(@D)
	@echo "  PAGE    $@"
	@CLI/page.sh Kernel/Page $(KERNEL_BUILD)/page
	@$(NASM) -f elf64 -Wall -Werror -o $@ $(KERNEL_BUILD)/page/page.asm

$(KERNEL_BUILD)/symbols: CLI/symbols/main.swift | setup
	@mkdir -p $(@D)
	@echo "  SWIFTC  symbols"
	@$(SWIFTC) -swift-version 6 -warnings-as-errors -O -o $@ $<

# Linked twice: the symbol table, for backtraces, names the functions of the first link. It lies behind the text, so
# that their addresses are the same in the second.
$(KERNEL): $(KERNEL_OBJECTS) $(KERNEL_BUILD)/symbols linker.ld
	@echo "  LD      $@"
	@$(LINK) -o $(KERNEL_BUILD)/unnamed.elf $(KERNEL_OBJECTS)
	@llvm-nm --numeric-sort $(KERNEL_BUILD)/unnamed.elf | swift-demangle --simplified | $(KERNEL_BUILD)/symbols > $(KERNEL_BUILD)/symbols.asm
	@$(NASM) -f elf64 -o $(KERNEL_BUILD)/symbols.o $(KERNEL_BUILD)/symbols.asm
	@$(LINK) -o $@ $(KERNEL_OBJECTS) $(KERNEL_BUILD)/symbols.o

# --- Actions -----------------------------------------------------------------------------------------------------

include Userland/build.mk

# --- The host command --------------------------------------------------------------------------------------------

cli: | setup
	@echo "  SWIFT   swiftlet"
	@$(SWIFT) build --quiet --product swiftlet
	@mkdir -p $(BUILD)
	@cp -u "$$($(SWIFT) build --show-bin-path)/swiftlet" $(BUILD)/swiftlet

# --- The ISO -----------------------------------------------------------------------------------------------------

iso: $(BUILD)/swiftlet.iso

$(BUILD)/swiftlet.iso: $(KERNEL) Makefile | setup
	@echo "  GRUB    $@"
	@rm -rf $(BUILD)/iso && mkdir -p $(BUILD)/iso/boot/grub
	@cp $(KERNEL) $(BUILD)/iso/boot/swiftlet-kernel.elf
	@printf 'set timeout=0\nmenuentry "Swiftlet" {\n  multiboot2 /boot/swiftlet-kernel.elf %s\n  boot\n}\n' '$(CMDLINE)' \
	  > $(BUILD)/iso/boot/grub/grub.cfg
	@grub-mkrescue -d /usr/lib/grub/i386-pc -o $@ $(BUILD)/iso >$(BUILD)/iso.log 2>&1 || { cat $(BUILD)/iso.log; exit 1; }

# --- Running and testing -----------------------------------------------------------------------------------------

run: all $(if $(filter iso --machine=iso,$(ARGS)),iso)
	@$(BUILD)/swiftlet run $(ARGS)

test: all iso test-actions lint
	$(SWIFT) build --build-tests
	SWIFTLET_BUILD="$(abspath $(BUILD))" $(SWIFT) test --skip-build --skip SystemTests
	SWIFTLET_BUILD="$(abspath $(BUILD))" $(SWIFT) test --skip-build --filter SystemTests
	$(MAKE) test-openapi

# Schemathesis, in an environment of its own.
$(BUILD)/openapi/ready: Tests/OpenAPI/requirements.txt | setup
	@echo "  PIP     schemathesis"
	@python3 -m venv $(BUILD)/openapi
	@$(BUILD)/openapi/bin/pip install --quiet --disable-pip-version-check -r $< || \
	  { echo "Schemathesis could not be installed from PyPI: what docs/openapi.yaml says is not tested without it." >&2; exit 1; }
	@touch $@

test-openapi: kernel cli actions $(BUILD)/openapi/ready
	Tests/OpenAPI/run.sh $(BUILD)

include CLI/bench/build.mk

lint:
	@CLI/lint.sh

clean:
	rm -rf $(BUILD) .build
