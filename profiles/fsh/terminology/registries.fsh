// Code systems of other bodies that have no FHIR canonical known to us: our URI, their codes.

RuleSet: ElsewhereCodes
* ^caseSensitive = true
* ^content = #not-present

CodeSystem: EidoIncidentStatusCS
Id: eido-incident-status
Title: "EIDO incident status"
Description: "Names the registry of common incident statuses for EIDO documents (NENA-STA-021). The codes and their meaning are NENA's and stand in that registry, not here."
* insert ElsewhereCodes

CodeSystem: EidoIncidentPriorityCS
Id: eido-incident-priority
Title: "EIDO incident priority"
Description: "Names the common priority number of an EIDO incident (NENA-STA-021), a whole number written as a code. What each number means stands in that standard, not here."
* insert ElsewhereCodes

CodeSystem: EidoCallTypeCS
Id: eido-call-type
Title: "EIDO call type"
Description: "Names the registry of primary call types for EIDO documents (NENA-STA-021). The codes and their meaning are NENA's and stand in that registry, not here."
* insert ElsewhereCodes

CodeSystem: EidoCautionTypeCS
Id: eido-caution-type
Title: "EIDO caution type"
Description: "Names the registry of common caution types for EIDO documents (NENA-STA-021). The codes and their meaning are NENA's and stand in that registry, not here."
* insert ElsewhereCodes

CodeSystem: EidoEmergencyResourceTypeCS
Id: eido-emergency-resource-type
Title: "EIDO emergency resource type"
Description: "Names the registry of common emergency resource types for EIDO documents (NENA-STA-021). The codes and their meaning are NENA's and stand in that registry, not here."
* insert ElsewhereCodes

CodeSystem: EidoUnitStatusCS
Id: eido-unit-status
Title: "EIDO unit status"
Description: "Names the registries of primary and secondary unit statuses for EIDO documents (NENA-STA-021). The codes and their meaning are NENA's and stand in those registries, not here."
* insert ElsewhereCodes

CodeSystem: NcicSexCS
Id: ncic-sex
Title: "NCIC sex"
Description: "A person's sex as FBI NCIC codes it, by way of NIEM."
* ^copyright = "Facts of the FBI's NIBRS 4.2 exchange schemas (US Government work) and of NIEM (NIEMOpen/OASIS, CC BY 4.0)."
* insert OurCodes
* #F "Female" "Female."
* #M "Male" "Male."
* #U "Unknown" "Unknown. For a person who has not been identified."

CodeSystem: NcicRaceCS
Id: ncic-race
Title: "NCIC race"
Description: "A person's race as FBI NCIC codes it, by way of NIEM. Not the categories of the Office of Management and Budget."
* ^copyright = "Facts of the FBI's NIBRS 4.2 exchange schemas (US Government work) and of NIEM (NIEMOpen/OASIS, CC BY 4.0)."
* insert OurCodes
* #A "Asian" "Asian. Where a system has no P, also Native Hawaiian or other Pacific Islander."
* #B "Black" "Black."
* #I "American Indian or Alaskan Native" "American Indian or Alaskan Native."
* #P "Native Hawaiian or other Pacific Islander" "Native Hawaiian or other Pacific Islander. Not every system has it."
* #U "Unknown" "Unknown."
* #W "White" "White."

CodeSystem: UcrEthnicityCS
Id: ucr-ethnicity
Title: "UCR ethnicity"
Description: "A person's ethnicity as the FBI's Uniform Crime Reporting codes it, by way of NIEM."
* ^copyright = "Facts of the FBI's NIBRS 4.2 exchange schemas (US Government work) and of NIEM (NIEMOpen/OASIS, CC BY 4.0)."
* insert OurCodes
* #H "Hispanic or Latino" "Hispanic or Latino."
* #N "Not Hispanic or Latino" "Not Hispanic or Latino."
* #U "Unknown" "Unknown."

CodeSystem: ApcoDispositionCS
Id: apco-disposition
Title: "APCO common disposition"
Description: "The common disposition codes 01 to 45 (APCO ANS 1.111.2). The codes alone: their wording is APCO's and stands in that standard. None of them is a hold, a detox or a crisis unit."
* ^caseSensitive = true
* ^content = #fragment
* #01
* #02
* #03
* #04
* #05
* #06
* #07
* #08
* #09
* #10
* #11
* #12
* #13
* #14
* #15
* #16
* #17
* #18
* #19
* #20
* #21
* #22
* #23
* #24
* #25
* #26
* #27
* #28
* #29
* #30
* #31
* #32
* #33
* #34
* #35
* #36
* #37
* #38
* #39
* #40
* #41
* #42
* #43
* #44
* #45
