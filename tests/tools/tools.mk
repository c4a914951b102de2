# Programs for tests, made of the library's objects: make -f Makefile -f tests/tools/tools.mk MODE=… build/…/tests/gradients

$(BUILD)/tests/%: $(BUILD)/tests/tools/%.o $(LIBRARY)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ -lm -o $@

.SECONDARY:
-include $(wildcard $(BUILD)/tests/tools/*.d)
