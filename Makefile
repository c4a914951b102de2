# mnist: C11, POSIX, libm. `make help` lists the targets.
#
# Required flags stand apart from CFLAGS, which come last and are yours. The first two keep every sum as it is
# written (same bits everywhere); -fno-math-errno only lets sqrtf be one instruction.

# From the environment come only these, and CC, as packagers have them; the others are set here, or typed after `make`.
CPPFLAGS ?=
CFLAGS ?=
LDFLAGS ?=
PREFIX ?= /usr/local
DESTDIR ?=
MODE = release
ARCH =
V =

# What people call their folders is one word to the shell, never a command. Two characters do not get that far: make reads
# a $ as its own, and ends a line at a newline.
quote = '$(subst ','\'',$1)'
define newline


endef
given = $(filter-out default file,$(origin $1))
refuse = $(if $(findstring $2,$(value $1)),$(error $1 has a $3 in it, which make would not take as it is: give a name without))
$(foreach name,MODE BUILD CC DESTDIR PREFIX,$(if $(call given,$(name)),$(call refuse,$(name),$$,$$)))
$(foreach name,BUILD CC CPPFLAGS CFLAGS LDFLAGS DESTDIR PREFIX,$(call refuse,$(name),$(newline),newline))

# A ~ in quotes is the shell's no more: it would be a folder in this one.
$(if $(filter-out /%,$(firstword $(PREFIX))),$(error PREFIX is '$(PREFIX)': give a full path, from / on))

FLAGS_release = -O3 -DNDEBUG $(FORTIFY) -fstack-protector-strong
FLAGS_debug = -O0 -g
FLAGS_asan = -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined,float-cast-overflow -fno-sanitize-recover=all
FLAGS_tsan = -O1 -g -fsanitize=thread
ifeq ($(FLAGS_$(MODE)),)
$(error MODE is '$(MODE)': give release, debug, asan or tsan)
endif

# Whoever says how much is checked says it alone: two definitions would be a warning.
FORTIFY = $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)

REQUIRED = -std=c11 -D_GNU_SOURCE -Iinclude -pthread -MMD -MP \
	-ffp-contract=off -fno-fast-math -fno-math-errno
WARNINGS = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wdouble-promotion -Wstrict-prototypes \
	-Wmissing-prototypes -Wvla
COMPILE = $(COMPILER) $(REQUIRED) $(WARNINGS) $(FLAGS_$(MODE)) $(ARCH) $(CPPFLAGS) $(CFLAGS)
LINK = $(COMPILER) -pthread $(FLAGS_$(MODE)) $(HARDENED) $(CFLAGS) $(LDFLAGS)

# CC is a program, or a program and its options.
found = $(shell command -v $1 2>/dev/null)
ifneq ($(call found,$(call quote,$(CC))),)
COMPILER := $(call quote,$(CC))
else
COMPILER := $(foreach word,$(CC),$(call quote,$(word)))
NO_COMPILER := $(if $(call found,$(firstword $(COMPILER))),,CC is '$(CC)': there is no such program)
endif

# Float arithmetic in floats: not in the x87's 80 bits, not in the doubles that strict C allows on s390x.
MACHINE := $(if $(NO_COMPILER),,$(shell $(COMPILER) -dumpmachine 2>/dev/null))
ifneq ($(filter x86_64-% i386-% i486-% i586-% i686-%,$(MACHINE)),)
REQUIRED += -msse2 -mfpmath=sse
else ifneq ($(filter s390%,$(MACHINE)),)
REQUIRED += -fexcess-precision=fast
endif

# Hardened, where the linker is GNU's or LLVM's: addresses at random, unless the flags say otherwise, and nothing writable
# that the loader is done with.
ifneq ($(findstring linux,$(MACHINE)),)
REQUIRED += -fPIE
HARDENED = -Wl,-z,relro,-z,now \
	$(if $(filter -static -static-pie -pie -no-pie -nopie,$(LDFLAGS) $(CFLAGS)),,$(if $(filter -fno-pie -fno-PIE,$(CFLAGS)),-no-pie,-pie))
endif

BUILD = build/$(MODE)
# To make the name of a target is a list, and more: BUILD is one plain word.
ODD = ' " ` & ; ( ) < > | * ? [ ] { } ~ ! ^ % : = \ \#
ifneq ($(if $(BUILD),,none)$(words [$(BUILD)])$(filter -%,$(BUILD))$(strip $(foreach c,$(ODD),$(findstring $c,$(BUILD)))),1)
$(error BUILD is '$(BUILD)': make takes no spaces there, nor any of $(ODD), nor a dash at its beginning)
endif
COMMANDS = $(patsubst src/cli/cmd_%.c,%,$(wildcard src/cli/cmd_*.c))
ROOMS = base codec data net store report cli
SOURCES = $(foreach room,$(ROOMS),$(wildcard src/$(room)/*.c))
EMBEDDED = src/report/report.css
OBJECTS = $(SOURCES:%.c=$(BUILD)/%.o) $(EMBEDDED:%=$(BUILD)/%.o)
LIBRARY = $(filter-out $(BUILD)/src/cli/main.o,$(OBJECTS))
TEST_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/unit/*.c tests/unit/*/*.c))

# MODE:FILE:SOURCE, or link:FILE:TARGET, each below ROOT.
ROOT = $(DESTDIR)$(PREFIX)
INSTALL = sh scripts/install.sh $(call quote,$(ROOT))
each = $(foreach command,$(COMMANDS),$(subst COMMAND,$(command),$1))
INSTALLED = 755:bin/mnist:$(BUILD)/mnist $(call each,link:bin/mnist-COMMAND:mnist) \
	755:share/mnist/get-mnist.sh:scripts/get-mnist.sh \
	$(foreach page,$(wildcard src/man/*.[15]),644:share/man/man$(subst .,,$(suffix $(page)))/$(notdir $(page)):$(page)) \
	644:share/bash-completion/completions/mnist:src/man/mnist.bash \
	$(call each,link:share/bash-completion/completions/mnist-COMMAND:mnist) \
	644:share/fish/vendor_completions.d/mnist.fish:src/man/mnist.fish \
	$(call each,link:share/fish/vendor_completions.d/mnist-COMMAND.fish:mnist.fish) \
	644:share/zsh/site-functions/_mnist:src/man/mnist.zsh

BENCH_OBJECTS = $(patsubst %.c,$(BUILD)/%.o,$(wildcard scripts/bench/*.c))

ifeq ($(V),)
Q = @
SAY = @printf '  %-5s %s\n'
else
SAY = @:
endif

.PHONY: all run test test-all bench data install uninstall clean help FORCE
.DELETE_ON_ERROR:

## all: builds build/mnist and its links (the default)
all: $(BUILD)/mnist
ifeq ($(BUILD),build/$(MODE))
	$(Q)ln -sf $(MODE)/mnist build/mnist
	$(Q)for c in $(COMMANDS); do ln -sf mnist build/mnist-$$c || exit 1; done
endif

## run: builds, brings MNIST, trains, evaluates, shows five digits
run: all
	@sh scripts/run.sh

## test: the tests, a minute and a half; what this machine lacks the tools for is skipped, and said to be
## test-all: the long ones too, listed in tests/README.md
test test-all: $(BUILD)/mnist $(BUILD)/unit
	@MODE=$(MODE) CC=$(call quote,$(CC)) MAKE=$(call quote,$(MAKE)) sh tests/run.sh $@

## bench: times training on this machine: phases and kernels beside their bound, two threads and one, how cost grows
bench: $(BUILD)/bench
	@$(BUILD)/bench

## data: brings the four MNIST files to data/mnist
data:
	@sh scripts/get-mnist.sh

## install: copies the program, its manual and the shells' completions to $(DESTDIR)$(PREFIX)
install: $(BUILD)/mnist
	$(SAY) INST $(call quote,$(ROOT)/bin/mnist)
	$(Q)$(INSTALL) install $(foreach file,$(INSTALLED),$(call quote,$(file)))

## uninstall: removes what install copied
uninstall:
	$(Q)$(INSTALL) uninstall $(foreach file,$(INSTALLED),$(call quote,$(file)))

## clean: removes build/
clean:
	$(Q)rm -rf build

## help: this list. MODE=release|debug|asan|tsan, CC=, CFLAGS=, V=1 shows the commands
help:
	@sed -n 's/^## //p' Makefile

$(BUILD)/mnist: $(OBJECTS)
	$(SAY) LINK $@
	$(Q)$(LINK) $(OBJECTS) -lm -o $@

$(BUILD)/unit: $(TEST_OBJECTS) $(LIBRARY)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ -lm -o $@

$(BUILD)/bench: $(BENCH_OBJECTS) $(LIBRARY)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ -lm -o $@

$(BUILD)/%.o: %.c Makefile $(BUILD)/flags
	$(SAY) CC $<
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) -c $< -o $@

# A file that an editor opens, as C that holds its bytes: src/report/report.css becomes `const char report_css[]`,
# with a NUL behind.
$(EMBEDDED:%=$(BUILD)/%.c): $(BUILD)/%.c: % Makefile $(BUILD)/flags
	$(SAY) EMBED $<
	$(Q)mkdir -p $(@D)
	$(Q)od -An -v -tx1 $< | sed -e "s/ *\([^ ][^ ]\)/'\\\\x\1',/g" \
		-e '1s/^/const char $(subst .,_,$(<F))[] = {/' -e '$$s/$$/0};/' >$@

$(EMBEDDED:%=$(BUILD)/%.o): %.o: %.c $(BUILD)/flags
	$(Q)$(COMPILE) -c $< -o $@

# What only serves speed is asked for where the compiler knows it; kernels that it cannot build are left out. It writes to a
# file that is removed: zig would leave one here, and /dev/null is not for root to give away.
known = $(if $(NO_COMPILER),,$(shell t=$$(mktemp) && $(COMPILER) $1 -Werror -E -x c /dev/null -o "$$t" >/dev/null 2>&1 && echo $1; rm -f "$$t"))

# The kernels, and what distorts images, go without a stack protector: there it costs 1%, and they see no size that comes
# from outside. And nobody asks which floating-point exceptions they raised: unless gcc is told so, it may not turn a
# comparison into a mask, and Adam stays scalar for AVX2, at twice the time. No bit changes.
FAST := $(call known,-fno-stack-protector) $(call known,-fno-trapping-math)
$(BUILD)/src/net/kernels_%.o $(BUILD)/src/data/augment.o: ARCH = $(FAST)
ifneq ($(filter x86_64-%,$(MACHINE)),)
AVX2 := $(call known,-mavx2)
AVX512 := $(call known,-mavx512f -mavx512bw -mavx512dq -mavx512vl)
$(BUILD)/src/net/kernels.o: ARCH = $(AVX2:%=-DKERNELS_AVX2) $(if $(AVX512),-DKERNELS_AVX512)
$(BUILD)/src/net/kernels_avx2.o: ARCH += $(AVX2)
$(BUILD)/src/net/kernels_avx512.o: ARCH += $(AVX512) $(call known,-mprefer-vector-width=512)
endif

# Other flags or another compiler than last time: everything is compiled anew. Everything waits for this, and so, where both
# are to be made, for `clean`.
$(BUILD)/flags: FORCE $(filter clean,$(MAKECMDGOALS))
	@mkdir -p $(@D)
	$(if $(NO_COMPILER),$(error $(NO_COMPILER)))
	@printf '%s\n' $(call quote,$(COMPILE)) | cmp -s - $@ || printf '%s\n' $(call quote,$(COMPILE)) >$@

$(BUILD)/scripts/bench/peak.o: ARCH = -ffp-contract=fast

-include $(OBJECTS:.o=.d) $(TEST_OBJECTS:.o=.d) $(BENCH_OBJECTS:.o=.d)
