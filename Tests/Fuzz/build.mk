# libFuzzer on the parsers and on the server: `make fuzz`. Address sanitizer is on, and -O keeps every trap of Swift's.
#
#   RUNS=200000          inputs for each target
#   SERVER_RUNS=20000    and for the target that runs a whole server
#   FUZZ="json elf"      the targets; all where it is not given
#
# Tests/Fuzz/<target> holds the seeds. build/fuzz/<target>/ gets what was learnt, the log, and inputs that break something.

RUNS        ?= 200000
SERVER_RUNS ?= 20000
FUZZ        ?= http json zip base64 elf cgi chunked inflate text entities server

FUZZ_BUILD      := $(BUILD)/fuzz
FUZZER          := $(FUZZ_BUILD)/fuzzer
FUZZ_SWIFTFLAGS := -swift-version 6 -wmo -parse-as-library -O -enable-testing -sanitize=fuzzer,address \
  -enable-experimental-feature Extern -enable-experimental-feature Lifetimes -strict-memory-safety -warnings-as-errors -I $(FUZZ_BUILD)

# $(call fuzz_module,NAME,FOLDER,MODULES IT IMPORTS): as `module`, which calls this for each of the kernel's.
define fuzz_module
$(FUZZ_BUILD)/$(1).o: $$(wildcard $(2)/*.swift) $(foreach d,$(3),$(FUZZ_BUILD)/$(d).o) Tests/Fuzz/build.mk | setup
	@mkdir -p $$(@D)
	@echo "  FUZZ    $(1)"
	@$(SWIFTC) $(FUZZ_SWIFTFLAGS) -module-name $(1) -emit-module -emit-module-path $(FUZZ_BUILD)/$(1).swiftmodule -c $$(filter %.swift,$$^) -o $$@
	@touch $$@
endef

$(eval $(call fuzz_module,Invariants,Tests/Fuzz/Invariants,Entities Actions Archive HTTP JSON ABI Base Bytes))

FUZZ_MODULES := Invariants Server Web API Entities Records Archive HTTP JSON Net Actions ABI Base Bytes
FUZZ_SOURCES := Tests/Fuzz/Driver/Driver.swift $(addprefix Tests/ServerTests/,World.swift FakeNetwork.swift FakeExecutor.swift StreamInvariants.swift)

$(FUZZER): $(FUZZ_SOURCES) $(patsubst %,$(FUZZ_BUILD)/%.o,$(FUZZ_MODULES))
	@echo "  LD      $@"
	@$(SWIFTC) $(FUZZ_SWIFTFLAGS) -use-ld=lld -module-name Fuzzer -o $@ $^

# Swift's own backtraces would keep a process that has trapped from ending.
fuzz: $(FUZZER)
	@SWIFT_BACKTRACE=enable=no RUNS=$(RUNS) SERVER_RUNS=$(SERVER_RUNS) Tests/Fuzz/run.sh $(FUZZER) $(FUZZ_BUILD) $(FUZZ)
