# SPDX-License-Identifier: MIT
#
# install.mk - where the parts go on a system.

PREFIX ?= /usr/local
# Below PREFIX; Debian's libraries are in lib/x86_64-linux-gnu.
BINDIR ?= bin
LIBDIR ?= lib
MANDIR ?= share/man
DESTDIR ?=
TO       = $(DESTDIR)$(abspath $(PREFIX))
# The programs' numbers are float64: a library of another state comes alone.
PROGRAMS = $(if $(STATE_F32),,$(NAMES:%=cedm-%))
INSTALLED = $(LIBCEDM) $(LIBCEDM_SO) $(if $(STATE_F32),,$(LIBCUDA) $(LIBCUDATRAIN))
HEADERS  = $(notdir $(wildcard include/*.h include/*.hpp))
PC       = $(LIBDIR)/pkgconfig
CMAKE    = $(LIBDIR)/cmake/cedm
MAN      = $(MANDIR)/man1
COMPLETE = share/bash-completion/completions
DOC      = share/doc/cedm
VERSION  = $(shell sed -n 's/^\#define CEDM_VERSION "\(.*\)"/\1/p' include/cedm.h)
# Files that say where they lie and which version they are.
NAMING   = cedm.pc cedm-static.pc
CMAKES   = $(notdir $(wildcard packaging/cmake/*))
EDIT     = sed -e 's|@PREFIX@|$(abspath $(PREFIX))|' -e 's|@LIBDIR@|$(LIBDIR)|' \
  -e 's|@VERSION@|$(VERSION)|' -e 's|@SO_MAJOR@|$(SO_MAJOR)|' \
  -e 's|@CUDA_MAJOR@|$(CUDA_MAJOR)|' -e 's|@STATE_F32@|$(STATE_F32)|' \
  -e 's| *@CFLAGS@|$(STATE_F32:%= -D%)|'

.PHONY: install uninstall
# Folders on the way to these are for all to read, whatever the umask.
install: $(if $(STATE_F32),$(INSTALLED),all) ## into PREFIX, BINDIR, LIBDIR, MANDIR, below DESTDIR
	umask 022 && install -d $(addprefix $(TO)/,$(BINDIR) include $(PC) $(CMAKE) $(MAN) \
	  $(COMPLETE) $(DOC))
	$(if $(PROGRAMS),install -m 755 $(addprefix $(BUILD)/bin/,$(PROGRAMS)) $(TO)/$(BINDIR))
	install -m 644 $(addprefix include/,$(HEADERS)) $(TO)/include
	install -m 644 $(INSTALLED) $(TO)/$(LIBDIR)
	for file in $(notdir $(LIBCEDM_SO) $(filter %.$(CUDA_MAJOR),$(INSTALLED))); do \
	  ln -sf $$file $(TO)/$(LIBDIR)/$${file%.*} || exit 1; done
	for file in $(NAMING); do \
	  $(EDIT) packaging/$$file.in >$(TO)/$(PC)/$$file || exit 1; done
	for file in $(CMAKES); do \
	  $(EDIT) packaging/cmake/$$file >$(TO)/$(CMAKE)/$${file%.in} || exit 1; done
	chmod 644 $(TO)/$(PC)/*.pc $(TO)/$(CMAKE)/*
	$(if $(PROGRAMS),install -m 644 $(PROGRAMS:%=man/%.1) $(TO)/$(MAN))
	for program in $(PROGRAMS); do \
	  install -m 644 packaging/cedm.bash $(TO)/$(COMPLETE)/$$program || exit 1; done
	install -m 644 LICENSE $(TO)/$(DOC)

uninstall: ## remove what install wrote
	rm -f $(PROGRAMS:%=$(TO)/$(BINDIR)/%) $(HEADERS:%=$(TO)/include/%) \
	  $(addprefix $(TO)/$(LIBDIR)/,$(notdir $(LIBCEDM) $(LIBCEDM_SO)) libcedm.so \
	  $(addprefix libcedm_cuda,.a .so .so.$(CUDA_MAJOR) _train.so)) \
	  $(NAMING:%=$(TO)/$(PC)/%) $(addprefix $(TO)/$(CMAKE)/,$(CMAKES:.in=)) \
	  $(PROGRAMS:%=$(TO)/$(MAN)/%.1) $(PROGRAMS:%=$(TO)/$(COMPLETE)/%) \
	  $(TO)/$(DOC)/LICENSE
	for folder in $(DOC) $(CMAKE); do \
	  [ ! -d $(TO)/$$folder ] || rmdir $(TO)/$$folder || exit 1; done
