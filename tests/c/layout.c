/*
 * Prints size and alignment of every struct of ophio.h, the offset of every field, and the
 * number of every constant: what a compiled program relies on. tests/test_abi.py compares
 * that to tests/abi/layout.txt.
 */
#include <stddef.h>
#include <stdio.h>

#include "ophio.h"

/* Alignment before C11: where a field comes after a char. */
#define ALIGNMENT(type)                                                                \
    offsetof(struct { char c; type t; }, t)
#define STRUCT(type) printf("%s size %zu align %zu\n", #type, sizeof(type), ALIGNMENT(type))
#define FIELD(type, field)                                                             \
    printf("  %s at %zu size %zu\n", #field, offsetof(type, field), sizeof(((type *)0)->field))
#define ENUM(type) printf("%s size %zu\n", #type, sizeof(type))
#define NUMBER(name) printf("  %s = %d\n", #name, (int)(name))

int main(void)
{
    ENUM(OphioStatus);
    NUMBER(OPHIO_STATUS_OK);
    NUMBER(OPHIO_STATUS_PANIC);
    NUMBER(OPHIO_STATUS_NULL_POINTER);
    NUMBER(OPHIO_STATUS_INVALID_UTF8);
    NUMBER(OPHIO_STATUS_INVALID_ARGUMENT);
    NUMBER(OPHIO_STATUS_OUT_OF_RANGE);
    NUMBER(OPHIO_STATUS_LIMIT);
    NUMBER(OPHIO_STATUS_SYNTAX);
    NUMBER(OPHIO_STATUS_FRAME);
    NUMBER(OPHIO_STATUS_SCHEMA);
    NUMBER(OPHIO_STATUS_GLOB);
    NUMBER(OPHIO_STATUS_CODEOWNERS);
    NUMBER(OPHIO_STATUS_PROGUARD);
    NUMBER(OPHIO_STATUS_PATTERN);
    NUMBER(OPHIO_STATUS_FINGERPRINTS);
    NUMBER(OPHIO_STATUS_EVENT);
    ENUM(OphioEnhancementsFixKind);
    NUMBER(OPHIO_ENHANCEMENTS_FIX_KIND_NONE);
    NUMBER(OPHIO_ENHANCEMENTS_FIX_KIND_POSSIBLE);
    NUMBER(OPHIO_ENHANCEMENTS_FIX_KIND_CERTAIN);
    ENUM(OphioEnhancementsSeverity);
    NUMBER(OPHIO_ENHANCEMENTS_SEVERITY_ERROR);
    NUMBER(OPHIO_ENHANCEMENTS_SEVERITY_WARNING);
    ENUM(OphioTristate);
    NUMBER(OPHIO_TRISTATE_MISSING);
    NUMBER(OPHIO_TRISTATE_FALSE);
    NUMBER(OPHIO_TRISTATE_TRUE);
    ENUM(OphioGlobOption);
    NUMBER(OPHIO_GLOB_OPTION_DOUBLE_STAR);
    NUMBER(OPHIO_GLOB_OPTION_CASE_INSENSITIVE);
    NUMBER(OPHIO_GLOB_OPTION_PATH_NORMALIZE);
    NUMBER(OPHIO_GLOB_OPTION_ALLOW_NEWLINE);
    ENUM(OphioCodeownersDialect);
    NUMBER(OPHIO_CODEOWNERS_DIALECT_GITHUB);
    NUMBER(OPHIO_CODEOWNERS_DIALECT_GITLAB);
    ENUM(OphioCodeownersOwnerKind);
    NUMBER(OPHIO_CODEOWNERS_OWNER_KIND_USER);
    NUMBER(OPHIO_CODEOWNERS_OWNER_KIND_TEAM);
    NUMBER(OPHIO_CODEOWNERS_OWNER_KIND_ROLE);
    NUMBER(OPHIO_CODEOWNERS_OWNER_KIND_EMAIL);
    ENUM(OphioEnhancementsConfigPart);
    NUMBER(OPHIO_ENHANCEMENTS_CONFIG_PART_OWN);
    NUMBER(OPHIO_ENHANCEMENTS_CONFIG_PART_CLASSIFIER);
    NUMBER(OPHIO_ENHANCEMENTS_CONFIG_PART_CONTRIBUTES);
    ENUM(OphioEnhancementsPart);
    NUMBER(OPHIO_ENHANCEMENTS_PART_CLASSIFIER);
    NUMBER(OPHIO_ENHANCEMENTS_PART_CONTRIBUTES);
    NUMBER(OPHIO_ENHANCEMENTS_PART_PROFILING);
    ENUM(OphioFingerprintsUnknown);
    NUMBER(OPHIO_FINGERPRINTS_UNKNOWN_KEEP);
    NUMBER(OPHIO_FINGERPRINTS_UNKNOWN_MARK);
    ENUM(OphioFingerprintsType);
    NUMBER(OPHIO_FINGERPRINTS_TYPE_EMPTY);
    NUMBER(OPHIO_FINGERPRINTS_TYPE_DEFAULT);
    NUMBER(OPHIO_FINGERPRINTS_TYPE_HYBRID);
    NUMBER(OPHIO_FINGERPRINTS_TYPE_CUSTOM);
    ENUM(OphioLimit);
    NUMBER(OPHIO_LIMIT_RULE_BYTES);
    NUMBER(OPHIO_LIMIT_RULES);
    NUMBER(OPHIO_LIMIT_PATTERN_BYTES);
    NUMBER(OPHIO_LIMIT_PATTERNS);
    NUMBER(OPHIO_LIMIT_FRAMES);
    NUMBER(OPHIO_LIMIT_MAPPING_BYTES);
    NUMBER(OPHIO_LIMIT_GLOB_STEPS);
    STRUCT(OphioGlobDiagnostic);
    FIELD(OphioGlobDiagnostic, number);
    FIELD(OphioGlobDiagnostic, position);
    FIELD(OphioGlobDiagnostic, message);
    STRUCT(OphioParameterizationLimits);
    FIELD(OphioParameterizationLimits, patterns);
    FIELD(OphioParameterizationLimits, regex_bytes);
    FIELD(OphioParameterizationLimits, operations);
    FIELD(OphioParameterizationLimits, state_bytes);
    FIELD(OphioParameterizationLimits, text_bytes);
    FIELD(OphioParameterizationLimits, steps);
    FIELD(OphioParameterizationLimits, steps_per_byte);
    STRUCT(OphioParameterizationBuffer);
    FIELD(OphioParameterizationBuffer, parameterization);
    FIELD(OphioParameterizationBuffer, data);
    FIELD(OphioParameterizationBuffer, len);
    STRUCT(OphioParameterizationPattern);
    FIELD(OphioParameterizationPattern, name);
    FIELD(OphioParameterizationPattern, regex);
    FIELD(OphioParameterizationPattern, is_linear);
    STRUCT(OphioCodeownersCounts);
    FIELD(OphioCodeownersCounts, rules);
    FIELD(OphioCodeownersCounts, sections);
    FIELD(OphioCodeownersCounts, diagnostics);
    STRUCT(OphioSlice);
    FIELD(OphioSlice, data);
    FIELD(OphioSlice, len);
    STRUCT(OphioCodeownersRule);
    FIELD(OphioCodeownersRule, pattern);
    FIELD(OphioCodeownersRule, owners);
    FIELD(OphioCodeownersRule, line);
    FIELD(OphioCodeownersRule, section);
    FIELD(OphioCodeownersRule, excludes);
    STRUCT(OphioCodeownersSection);
    FIELD(OphioCodeownersSection, name);
    FIELD(OphioCodeownersSection, line);
    FIELD(OphioCodeownersSection, approvals);
    FIELD(OphioCodeownersSection, optional);
    STRUCT(OphioCodeownersDetails);
    FIELD(OphioCodeownersDetails, code);
    FIELD(OphioCodeownersDetails, title);
    FIELD(OphioCodeownersDetails, suggestion);
    FIELD(OphioCodeownersDetails, severity);
    STRUCT(OphioCodeownersDiagnostic);
    FIELD(OphioCodeownersDiagnostic, message);
    FIELD(OphioCodeownersDiagnostic, line);
    FIELD(OphioCodeownersDiagnostic, column);
    FIELD(OphioCodeownersDiagnostic, end_column);
    STRUCT(OphioStr);
    FIELD(OphioStr, data);
    FIELD(OphioStr, len);
    STRUCT(OphioEnhancementsFix);
    FIELD(OphioEnhancementsFix, kind);
    FIELD(OphioEnhancementsFix, column);
    FIELD(OphioEnhancementsFix, end_column);
    FIELD(OphioEnhancementsFix, replacement);
    STRUCT(OphioEnhancementsDiagnostic);
    FIELD(OphioEnhancementsDiagnostic, severity);
    FIELD(OphioEnhancementsDiagnostic, line);
    FIELD(OphioEnhancementsDiagnostic, column);
    FIELD(OphioEnhancementsDiagnostic, end_column);
    FIELD(OphioEnhancementsDiagnostic, code);
    FIELD(OphioEnhancementsDiagnostic, title);
    FIELD(OphioEnhancementsDiagnostic, message);
    FIELD(OphioEnhancementsDiagnostic, suggestion);
    FIELD(OphioEnhancementsDiagnostic, details);
    FIELD(OphioEnhancementsDiagnostic, source);
    STRUCT(OphioEnhancementsFrame);
    FIELD(OphioEnhancementsFrame, category);
    FIELD(OphioEnhancementsFrame, family);
    FIELD(OphioEnhancementsFrame, function);
    FIELD(OphioEnhancementsFrame, module);
    FIELD(OphioEnhancementsFrame, package);
    FIELD(OphioEnhancementsFrame, path);
    FIELD(OphioEnhancementsFrame, in_app);
    FIELD(OphioEnhancementsFrame, has_orig_in_app);
    FIELD(OphioEnhancementsFrame, orig_in_app);
    STRUCT(OphioEnhancementsExceptionData);
    FIELD(OphioEnhancementsExceptionData, ty);
    FIELD(OphioEnhancementsExceptionData, value);
    FIELD(OphioEnhancementsExceptionData, mechanism);
    STRUCT(OphioEnhancementsAppliedFrame);
    FIELD(OphioEnhancementsAppliedFrame, category);
    FIELD(OphioEnhancementsAppliedFrame, in_app);
    STRUCT(OphioEnhancementsComponent);
    FIELD(OphioEnhancementsComponent, hint);
    FIELD(OphioEnhancementsComponent, contributes);
    STRUCT(OphioEnhancementsAssembleResult);
    FIELD(OphioEnhancementsAssembleResult, contributes);
    FIELD(OphioEnhancementsAssembleResult, invert_stacktrace);
    FIELD(OphioEnhancementsAssembleResult, hint);
    return 0;
}
