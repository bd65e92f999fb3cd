# SPDX-License-Identifier: MIT
#
# install.mk - where the parts go on a system.

PREFIX ?= /usr/local
DESTDIR ?=
TO       = $(DESTDIR)$(abspath $(PREFIX))
PROGRAMS = $(NAMES:%=cedm-%)
HEADERS  = $(notdir $(wildcard include/*.h))
MAN      = share/man/man1
COMPLETE = share/bash-completion/completions
DOC      = share/doc/cedm
VERSION  = $(shell sed -n 's/^\#define CEDM_VERSION "\(.*\)"/\1/p' include/cedm.h)
PC_EDIT  = -e 's|@PREFIX@|$(abspath $(PREFIX))|' -e 's|@VERSION@|$(VERSION)|'

.PHONY: install uninstall
install: all ## into PREFIX [/usr/local], below DESTDIR
	install -d $(addprefix $(TO)/,bin include lib/pkgconfig $(MAN) $(COMPLETE) $(DOC))
	install -m 755 $(addprefix $(BUILD)/bin/,$(PROGRAMS)) $(TO)/bin
	install -m 644 $(addprefix include/,$(HEADERS)) $(TO)/include
	install -m 644 $(LIBCEDM) $(LIBCUDA) $(LIBCUDATRAIN) $(TO)/lib
	sed $(PC_EDIT) packaging/cedm.pc.in >$(TO)/lib/pkgconfig/cedm.pc
	chmod 644 $(TO)/lib/pkgconfig/cedm.pc
	install -m 644 $(PROGRAMS:%=man/%.1) $(TO)/$(MAN)
	for program in $(PROGRAMS); do \
	  install -m 644 packaging/cedm.bash $(TO)/$(COMPLETE)/$$program || exit 1; done
	install -m 644 LICENSE $(TO)/$(DOC)

uninstall: ## remove what install wrote
	rm -f $(PROGRAMS:%=$(TO)/bin/%) $(HEADERS:%=$(TO)/include/%) \
	  $(TO)/lib/libcedm.a \
	  $(patsubst $(BUILD)/%,$(TO)/%,$(LIBCUDA) $(LIBCUDATRAIN)) \
	  $(TO)/lib/pkgconfig/cedm.pc \
	  $(PROGRAMS:%=$(TO)/$(MAN)/%.1) $(PROGRAMS:%=$(TO)/$(COMPLETE)/%) \
	  $(TO)/$(DOC)/LICENSE
	[ ! -d $(TO)/$(DOC) ] || rmdir $(TO)/$(DOC)

