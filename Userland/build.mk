# Builds the actions. Included by the top Makefile; works alone as well: make -f Userland/build.mk BUILD=/tmp/x actions
#
#   actions        $(BUILD)/actions/*, stripped; the same with symbols in $(BUILD)/obj/userland. Programs in languages whose
#                  toolchain is not there are left out, which is said
#   test-actions   $(BUILD)/test-actions/*, the programs of Tests/Actions
#
# Needs swiftc, clang and ld.lld of the Swift toolchain, nasm, musl-dev, and gcc for its libgcc.a. LUA_SCRIPT names the script that
# the action `lua` runs.
# Paths are relative to the directory that holds Userland/.

BUILD  ?= build
SWIFTC ?= swiftc
CLANG  ?= clang
NASM   ?= nasm
RUSTC  ?= rustc
LUA_SCRIPT ?= Userland/lua/script.lua
ifeq ($(origin LD),default)
LD     := ld.lld
endif

userland := $(BUILD)/obj/userland
sdk      := Userland/SDK
tests    := Tests/Actions

swift_actions := echo hello sha256 primes
asm_tests     := $(patsubst $(tests)/%.asm,%,$(wildcard $(tests)/*.asm))
swift_tests   := sdk-probe sdk-loop
c_tests       := $(patsubst $(tests)/%.c,%,$(wildcard $(tests)/*.c))

# -Osize: small images have fewer pages to map, to copy and to miss in the TLB.
USER_SWIFTFLAGS := -target x86_64-unknown-none-elf -swift-version 6 -wmo -parse-as-library -Osize \
  -enable-experimental-feature Embedded -enable-experimental-feature Extern -enable-experimental-feature Lifetimes \
  -strict-memory-safety -warnings-as-errors -Xfrontend -function-sections -Xfrontend -disable-stack-protector \
  -Xcc -ffreestanding -I $(sdk)/CSwiftlet -I $(userland)
USER_NASMFLAGS := -f elf64 -Wall -Werror
USER_CFLAGS := --target=x86_64-linux-musl -std=c17 -O2 -fPIE -fno-stack-protector -fno-asynchronous-unwind-tables \
  -ffunction-sections -fdata-sections -Wall -Wextra -Werror

# Headers, constants and code share pages: no separate read-only segment, and the dynamic section is in it. The echo is one page.
USER_LDFLAGS := -pie --no-dynamic-linker -z text -z noexecstack -z norelro -z rodynamic -z noseparate-code --no-rosegment \
  -z max-page-size=0x1000 --gc-sections --hash-style=gnu
# As anyone links C for Linux: read-only, executable and relocated-then-read-only segments apart.
MUSL_LDFLAGS := -pie -static --no-dynamic-linker -z text -z noexecstack -z separate-code -z max-page-size=0x1000 --gc-sections

musl_lib     := /usr/lib/x86_64-linux-musl
musl_include := /usr/include/x86_64-linux-musl
libgcc        = $(shell gcc -print-libgcc-file-name)
clang_headers = $(shell $(CLANG) -print-resource-dir)/include
# Swift's tables for comparing and printing strings; the linker takes them only where an action does that.
swift_resources = $(shell $(SWIFTC) -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')
unicode_tables = $(swift_resources)/embedded/x86_64-unknown-none-elf/libswiftUnicodeDataTables.a

# $(call link,NAME,FLAGS,INPUTS,OUTPUT): with symbols for debuggers, and without.
link = $(LD) $(2) $(3) -o $(userland)/$(1) && $(LD) -s $(2) $(3) -o $(4)

.PHONY: actions test-actions setup FORCE
actions: $(addprefix $(BUILD)/actions/,$(swift_actions) echo-c)
	@$(left_out_actions) true
test-actions: $(addprefix $(BUILD)/test-actions/,$(asm_tests) $(c_tests) $(swift_tests))
	@$(left_out_test-actions) true

# The top Makefile installs packages here.
setup:

$(userland) $(BUILD)/actions $(BUILD)/test-actions:
	@mkdir -p $@

# --- The SDK ---

sdk_swift   := $(sort $(wildcard $(sdk)/*.swift))
sdk_objects := $(addprefix $(userland)/,start.o Swiftlet.o memory.o math.o)

$(userland)/Swiftlet.o $(userland)/Swiftlet.swiftmodule &: $(sdk_swift) $(wildcard $(sdk)/CSwiftlet/*) Userland/build.mk \
    | setup $(userland)
	@echo "  SWIFTC  Swiftlet"
	@$(SWIFTC) $(USER_SWIFTFLAGS) -module-name Swiftlet -emit-module -emit-module-path $(userland)/Swiftlet.swiftmodule \
	  -c $(sdk_swift) -o $(userland)/Swiftlet.o
	@touch $(userland)/Swiftlet.o $(userland)/Swiftlet.swiftmodule  # swiftc leaves an unchanged file as old as it is

$(addprefix $(userland)/,start.o memory.o math.o): $(userland)/%.o: $(sdk)/%.asm Userland/build.mk | setup $(userland)
	@echo "  NASM    $*"
	@$(NASM) $(USER_NASMFLAGS) $< -o $@

# --- Programs in Swift: each folder is a module ---

# $(call swift_program,NAME,FOLDER,DIRECTORY TO INSTALL IN)
define swift_program
$(userland)/$(1).o: $(sort $(wildcard $(2)/*.swift)) $(userland)/Swiftlet.swiftmodule Userland/build.mk | setup $(userland)
	@echo "  SWIFTC  $(1)"
	@$$(SWIFTC) $$(USER_SWIFTFLAGS) -module-name $(subst -,_,$(1)) -c $$(filter %.swift,$$^) -o $$@
	@touch $$@

$(3)/$(1): $(userland)/$(1).o $(sdk_objects) | $(3)
	@echo "  LD      $(1)"
	@$$(call link,$(1),$$(USER_LDFLAGS),$$^ $$(unicode_tables),$$@)
endef
$(foreach action,$(swift_actions),$(eval $(call swift_program,$(action),Userland/$(action),$(BUILD)/actions)))
$(foreach program,$(swift_tests),$(eval $(call swift_program,$(program),$(tests)/$(program),$(BUILD)/test-actions)))

# --- Actions in C on musl ---

$(userland)/echo-c.o: Userland/echo-c/echo.c Userland/build.mk | setup $(userland)
	@echo "  CC      echo-c"
	@$(CLANG) $(USER_CFLAGS) -nostdinc -isystem $(musl_include) -c $< -o $@

$(BUILD)/actions/echo-c: $(userland)/echo-c.o | $(BUILD)/actions
	@echo "  LD      echo-c"
	@$(call link,echo-c,$(MUSL_LDFLAGS),$(musl_lib)/rcrt1.o $(musl_lib)/crti.o $< $(musl_lib)/libc.a $(libgcc) \
	  $(musl_lib)/libc.a $(musl_lib)/crtn.o,$@)

# --- Unmodified Linux programs: linked as anyone links them, with nothing of Swiftlet's ---

# $(call offer,ACTIONS,WHAT IS THERE WHERE THEY CAN BE BUILT,WHAT IS MISSING OTHERWISE,TARGET)
define offer
ifneq ($(strip $(2)),)
$(or $(4),actions): $(addprefix $(BUILD)/$(or $(4),actions)/,$(1))
else
left_out_$(or $(4),actions) += $(foreach action,$(1),echo "  left out $(action): $(strip $(3))";)
endif
endef

# $(call installed,FILE,DEBIAN PACKAGE): the file is there, or the top Makefile is about to install it.
installed = $(or $(wildcard $(1)),$(filter $(2),$(MISSING)))

gnu_lib      := /usr/lib/x86_64-linux-gnu
LINUX_CFLAGS := -std=gnu17 -O2 -Wall -Wextra -Werror -static-pie -Wl,-z,noexecstack
rust_target  := x86_64-unknown-linux-gnu

$(eval $(call offer,echo-glibc statistics,$(call installed,$(gnu_lib)/rcrt1.o,libc6-dev),libc6-dev is not installed))
$(eval $(call offer,lua,$(call installed,$(gnu_lib)/liblua5.4.a,liblua5.4-dev),liblua5.4-dev is not installed))
$(eval $(call offer,lua-probe,$(call installed,$(gnu_lib)/liblua5.4.a,liblua5.4-dev),liblua5.4-dev is not installed,test-actions))
$(eval $(call offer,words-rust,\
  $(wildcard $(shell $(RUSTC) --print target-libdir --target $(rust_target) 2>/dev/null)/libstd-*.rlib),\
  there is no $(RUSTC) with the standard library for $(rust_target)))
$(eval $(call offer,swift-full,\
  $(and $(wildcard $(swift_resources)_static/linux/static-executable-args.lnk),$(wildcard /usr/lib/gcc/x86_64-linux-gnu/*/libstdc++.a)),\
  Swift or the C++ library (apt-get install g++) has no static library))

# $(call linux_program,NAME,SOURCES AND OTHER FILES IT DEPENDS ON,TOOL'S NAME TO PRINT,COMMAND,TARGET)
define linux_program
$(BUILD)/$(or $(5),actions)/$(1): $(2) Userland/build.mk | setup $(userland) $(BUILD)/$(or $(5),actions)
	@echo "  $(3)$(1)"
	@$(4) -o $(userland)/$(1) && strip -o $$@ $(userland)/$(1)
endef

$(eval $(call linux_program,echo-glibc,Userland/echo-glibc/echo.c,CC      ,gcc $$(LINUX_CFLAGS) $$<))
$(eval $(call linux_program,statistics,Userland/statistics/statistics.c,CC      ,gcc $$(LINUX_CFLAGS) $$< -lm))
$(eval $(call linux_program,lua,Userland/lua/main.c $(LUA_SCRIPT) $(userland)/lua-script,CC      ,\
  gcc $$(LINUX_CFLAGS) -DSCRIPT='"$(LUA_SCRIPT)"' -I /usr/include/lua5.4 $$< -llua5.4 -lm))
$(eval $(call linux_program,lua-probe,Userland/lua/main.c $(tests)/lua-probe.lua,CC      ,\
  gcc $$(LINUX_CFLAGS) -DSCRIPT='"$(tests)/lua-probe.lua"' -I /usr/include/lua5.4 $$< -llua5.4 -lm,test-actions))
$(eval $(call linux_program,words-rust,Userland/words-rust/words.rs,RUSTC   ,\
  $$(RUSTC) --edition 2021 --target $(rust_target) -O -C target-feature=+crt-static -C relocation-model=pie $$<))
$(eval $(call linux_program,swift-full,Userland/swift-full/SwiftFull.swift,SWIFTC  ,\
  $$(SWIFTC) -swift-version 6 -parse-as-library -O -warnings-as-errors -static-executable -use-ld=lld -Xclang-linker -static-pie $$<))

# Changes where the script is another than last time.
$(userland)/lua-script: FORCE | $(userland)
	@echo '$(LUA_SCRIPT)' | cmp -s - $@ || echo '$(LUA_SCRIPT)' > $@
FORCE:

# --- Programs that test the kernel: freestanding C and assembly ---

$(c_tests:%=$(userland)/test-%.o): $(userland)/test-%.o: $(tests)/%.c $(wildcard $(tests)/*.h) Userland/build.mk | setup $(userland)
	@echo "  CC      $*"
	@$(CLANG) $(USER_CFLAGS) -ffreestanding -mno-red-zone -nostdinc -isystem $(clang_headers) -c $< -o $@

$(asm_tests:%=$(userland)/test-%.o): $(userland)/test-%.o: $(tests)/%.asm Userland/build.mk | setup $(userland)
	@echo "  NASM    $*"
	@$(NASM) $(USER_NASMFLAGS) $< -o $@

# The kernel's assembly, for the program that tests it: under names that do not meet the SDK's.
$(userland)/kernel-%.o: Boot/%.asm Userland/build.mk | setup $(userland)
	@echo "  NASM    kernel-$*"
	@$(NASM) $(USER_NASMFLAGS) -I Boot/ $< -o $@ && llvm-objcopy --prefix-symbols=kernel_ $@
$(BUILD)/test-actions/kernel-assembly: $(addprefix $(userland)/kernel-,memory.o restore.o aes.o)

$(addprefix $(BUILD)/test-actions/,$(asm_tests) $(c_tests)): $(BUILD)/test-actions/%: $(userland)/test-%.o $(userland)/memory.o \
    | $(BUILD)/test-actions
	@echo "  LD      $*"
	@$(call link,test-$*,$(USER_LDFLAGS),$^,$@)
