/** Codes and addresses of HL7 FHIR R4 (4.0.1) and of the SDOH Clinical Care guide (Gravity Project), as far as they are used. */

const guide = 'http://hl7.org/fhir/us/sdoh-clinicalcare'

export const profiles = {
  ServiceRequest: `${guide}/StructureDefinition/SDOHCC-ServiceRequest`,
  Task: `${guide}/StructureDefinition/SDOHCC-TaskForReferralManagement`,
  Consent: `${guide}/StructureDefinition/SDOHCC-Consent`
} as const

export const systems = {
  sdohCategory: `${guide}/CodeSystem/SDOHCC-CodeSystemTemporaryCodes`,
  taskCode: 'http://hl7.org/fhir/CodeSystem/task-code',
  consentScope: 'http://terminology.hl7.org/CodeSystem/consentscope',
  actCode: 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  actReason: 'http://terminology.hl7.org/CodeSystem/v3-ActReason',
  observationValue: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue',
  snomed: 'http://snomed.info/sct',
  usCoreCategory: 'http://hl7.org/fhir/us/core/CodeSystem/us-core-category',
  units: 'http://unitsofmeasure.org'
} as const

/** For an element that R4 demands and that the person has not agreed to share. */
export const dataAbsent = 'http://hl7.org/fhir/StructureDefinition/data-absent-reason'

/**
 * SDOH categories of the guide that name a kind of help, and the category of the starter tree that is nearest. A code that
 * says something of the person rather than of the help (`veteran-status`, `incarceration-status`, …) stands for no category
 * of ours: such a request names the timebank's own category beside it.
 */
const nearest: Record<string, string> = {
  'digital-access': 'computers-and-phones',
  'digital-literacy': 'computers-and-phones',
  'educational-attainment': 'reading-and-numbers',
  'employment-status': 'work-skills',
  'financial-insecurity': 'forms-and-letters',
  'food-insecurity': 'bringing-meals',
  'health-insurance-coverage-status': 'forms-and-letters',
  'housing-instability': 'moving',
  'inadequate-housing': 'small-repairs',
  'language-access': 'languages',
  'material-hardship': 'repair-and-reuse',
  'personal-health-literacy': 'peer-support',
  'social-connection': 'visiting',
  stress: 'relaxation',
  'transportation-insecurity': 'lifts',
  'utility-insecurity': 'saving-energy'
}

/** Codes of the guide that are taken beside a category of the timebank. */
const besideOnly = [
  'elder-abuse',
  'homelessness',
  'incarceration-status',
  'intimate-partner-violence',
  'medical-cost-burden',
  'protective-factor',
  'sdoh-category-unspecified',
  'veteran-status'
] as const

export const sdohCategories: readonly string[] = [...Object.keys(nearest), ...besideOnly]

/** The starter category that an SDOH category stands for where nothing nearer is named. */
export const categoryOfSdoh = (code: string): string | undefined => nearest[code]

/** What is said of a category of the timebank to systems that know the guide's categories only. */
export const sdohOfCategory: Readonly<Record<string, string>> = {
  'everyday-help': 'sdoh-category-unspecified',
  'bringing-meals': 'food-insecurity',
  cooking: 'food-insecurity',
  'healthy-eating': 'food-insecurity',
  'computers-and-phones': 'digital-literacy',
  'forms-and-letters': 'financial-insecurity',
  languages: 'language-access',
  lifts: 'transportation-insecurity',
  'going-along': 'transportation-insecurity',
  moving: 'housing-instability',
  'peer-support': 'social-connection',
  'phone-calls': 'social-connection',
  visiting: 'social-connection',
  'walking-together': 'social-connection',
  'reading-and-numbers': 'educational-attainment',
  relaxation: 'stress',
  'saving-energy': 'utility-insecurity',
  'small-repairs': 'inadequate-housing',
  'work-skills': 'employment-status'
}

/**
 * Codes of services that are taken beside the words and the category, which say the same, and are not kept: that a social
 * service is asked for, and those of the guide's own examples. All other codes of SNOMED CT and the like are refused: a
 * diagnosis would be one of them, and nothing here can tell the two apart.
 */
export const impliedCodes: readonly { system: string; code: string }[] = [
  { system: systems.snomed, code: '410606002' },
  { system: systems.snomed, code: '306206005' },
  { system: systems.snomed, code: '3457005' },
  { system: systems.snomed, code: '467681000124101' },
  { system: systems.snomed, code: '467751000124104' },
  { system: systems.snomed, code: '467771000124109' },
  { system: systems.snomed, code: '710925007' },
  { system: systems.usCoreCategory, code: 'sdoh' }
]

/** Names of things of this installation (`root`) and of one of its timebanks (`base`). */
export type Names = ReturnType<typeof namesOf>

/**
 * @param publicUrl of the installation, without a slash at its end
 * @param timebank its id or short name, as in the address
 */
export function namesOf(publicUrl: string, timebank: string) {
  const root = `${publicUrl.replace(/\/$/, '')}/fhir`
  const base = `${root}/${timebank}`
  const extension = (name: string) => `${root}/StructureDefinition/${name}`
  return {
    base,
    memberNumber: `${base}/NamingSystem/member-number`,
    timebankName: `${root}/NamingSystem/timebank`,
    affiliation: `${base}/NamingSystem/affiliation`,
    organisation: `${base}/NamingSystem/organisation`,
    category: `${base}/CodeSystem/category`,
    setting: `${root}/CodeSystem/setting`,
    subStatus: `${root}/CodeSystem/sub-status`,
    reason: `${root}/CodeSystem/reason`,
    output: `${root}/CodeSystem/task-output`,
    consentScope: `${root}/CodeSystem/consent-scope`,
    wording: `${root}/CodeSystem/consent-wording`,
    extensions: {
      whatMatters: extension('what-matters'),
      canOffer: extension('can-offer'),
      accessNeeds: extension('access-needs'),
      knownRisks: extension('known-risks'),
      helpersNeeded: extension('helpers-needed'),
      preferredContact: extension('preferred-contact'),
      budget: extension('hour-budget'),
      rule: extension('recurrence-rule'),
      way: extension('consent-way'),
      voice: extension('consent-voice')
    }
  }
}
