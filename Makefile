# Every target begins with Tools/bootstrap, so none of them needs anything prepared.
# All of them build with the same flags into the same place: what one has built, the next one uses.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.PHONY: bootstrap demo test check bench taste effect fuzz crash format lint arrows help

AESGRAD := .build/release/aesgrad
BUILD := swift build -c release --explicit-target-dependency-import-check error
# `swift test` by itself would compile everything anew to allow @testable imports, which no test here needs.
TEST := swift test -c release --skip-build --disable-xctest

bootstrap:
	@Tools/bootstrap

demo: bootstrap ## build, and show all of it on the model and the pictures that ship
	@$(BUILD) --product aesgrad
	@$(AESGRAD) demo --out .build/demo --force

test: bootstrap ## build and run all tests, optimised
	@$(BUILD) --build-tests
	@$(TEST)

# Warnings are errors here only, so that a newer compiler's new warning stops nobody who merely wants to use the program.
check: export AESGRAD_WARNINGS := error
check: bootstrap lint arrows test ## what must hold before a change goes in: format, arrows, no warnings, tests

# Scripts that time other programs at the same work, where there are any; AESGRAD_PYTHON names a python with their packages.
PEERS ?= $(wildcard ../shared/peers)

bench: bootstrap ## measure this machine, and what aesgrad makes of it
	@$(BUILD) --product aesgrad
	@$(AESGRAD) bench $(if $(PEERS),--peers $(PEERS))

# A CLIP model's folder, and one of 2,000 pictures or so; $AESGRAD_CLIP is what other commands take too.
# Pictures of $(PICTURES), else drawn by Tools/pocket: that needs a python, $$AESGRAD_PYTHON or python3, with Pillow and numpy.
PICTURES := .build/taste-pictures
taste: bootstrap ## measure how well a taste is learned, on pictures that nobody was trained on (half an hour)
	@$(BUILD) --product taste-benchmark
	@test -d $(PICTURES) || $${AESGRAD_PYTHON:-python3} -B Tools/pocket/render.py $(PICTURES) --single --count 2000 \
	  --first-seed 10500000
	@.build/release/taste-benchmark $(PICTURES) --plot .build/taste.png

# Half an hour or so; what an interrupted run has drawn is not drawn again.
effect: bootstrap ## measure what profiles learned from the galleries do to pictures, with the model that ships
	@$(BUILD) --product aesgrad
	@$(BUILD) --product effect-benchmark
	@.build/release/effect-benchmark $(AESGRAD) --galleries galleries --out .build/effect

fuzz: bootstrap ## 20,000 mutated files for every reader
	@$(BUILD) --build-tests
	@AESGRAD_FUZZ=20000 $(TEST) --filter 'Fuzz|TokenizerFileTests'

crash: bootstrap ## the program killed at every write and sync of a rating, a learn, an import and an export
	@$(BUILD) --build-tests
	@AESGRAD_CRASH=1 $(TEST) --filter CrashTests

format: bootstrap ## put all Swift files into the house's format
	@swift format --in-place --parallel --recursive Sources Tests Benchmarks Package.swift

lint: bootstrap
	@swift format lint --strict --parallel --recursive Sources Tests Benchmarks Package.swift

arrows: bootstrap
	@Tools/check-arrows

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))
