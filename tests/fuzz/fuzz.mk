# The fuzz targets, with libFuzzer (clang's) or with driver.c:
# make -f Makefile -f tests/fuzz/fuzz.mk … build/…/tests/fuzz/libfuzzer_NAME or …/tests/fuzz/driver_NAME

FUZZ = $(BUILD)/tests/fuzz

$(FUZZ)/libfuzzer_%: $(FUZZ)/fuzz_%.o $(LIBRARY)
	$(SAY) LINK $@
	$(Q)$(LINK) -fsanitize=fuzzer $^ -lm -o $@

$(FUZZ)/driver_%: $(FUZZ)/fuzz_%.o $(FUZZ)/driver.o $(LIBRARY)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ -lm -o $@

# Numbers by the hundred thousand: if libFuzzer were told of each comparison in these, a run of the program would take three
# times as long.
ifneq ($(findstring fuzzer,$(CFLAGS)),)
NUMBERS = base/rmath base/rng codec/base64 codec/checksum codec/png codec/safetensors data/augment data/batch data/dataset \
	data/image net/adam net/evaluation net/forward net/kernels_avx2 net/kernels_avx512 net/kernels_baseline \
	net/kernels_reference net/network net/params net/proof net/saliency net/step net/train report/html \
	report/report/report_pictures report/weight_picture store/checkpoint store/model store/seal
$(NUMBERS:%=$(BUILD)/src/%.o): override CFLAGS += -fno-sanitize-coverage=trace-cmp
endif

.SECONDARY:
-include $(wildcard $(FUZZ)/*.d)
