# Programs for tests, made of the library's objects: make -f Makefile -f tests/tools/tools.mk MODE=… build/…/tests/gradients

$(BUILD)/tests/gradients: $(BUILD)/tests/tools/gradients.o $(LIBRARY)
	$(SAY) LINK $@
	$(Q)$(LINK) $^ -lm -o $@

-include $(BUILD)/tests/tools/gradients.d
