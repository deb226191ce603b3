import { derivedId } from '../../shared/ids.ts'
import { wordsFor } from '../../shared/words/index.ts'
import type { Category, Slot } from '../listings/index.ts'
import type { Policy, Timebank } from '../timebanks/index.ts'
import type { Published } from './cells.ts'
import type { HsdsLocation, HsdsOrganization, HsdsService, HsdsTaxonomy, HsdsTaxonomyTerm } from './schemas.ts'

/** All that is published of a timebank. Services carry everything that belongs to them; `briefly` takes it off again. */
export type Publication = {
  organization: HsdsOrganization
  services: HsdsService[]
  taxonomy: HsdsTaxonomy
  terms: HsdsTaxonomyTerm[]
}

type Facts = { timebank: Timebank; rules: Policy; tree: readonly Category[]; published: readonly Published[] }

const said = (text: string | null): string | undefined => (text === null || text === '' ? undefined : text)

/** What is known of a timebank, in the terms of HSDS and the timebank's language. Ids follow from what they name. */
export function asHsds({ timebank, rules, tree, published }: Facts): Publication {
  const { locale, words } = wordsFor(rules.locale)
  const { openReferral: texts, matching } = words
  const { id: organizationId, name } = timebank
  const contact = rules.publicContact
  const language = locale.split('-')[0]!
  const idOf = (...parts: string[]) => derivedId(organizationId, 'open-referral', ...parts)
  const phonesOf = (owner: object, ...parts: string[]) =>
    contact.phone === null ? [] : [{ id: idOf('phone', ...parts), ...owner, number: contact.phone }]
  const contactsOf = (owner: object, ...parts: string[]) =>
    contact.email === null && contact.phone === null
      ? []
      : [
          {
            id: idOf('contact', ...parts),
            ...owner,
            name,
            email: said(contact.email),
            phones: phonesOf({}, 'contact', ...parts)
          }
        ]

  const taxonomy = {
    id: idOf('taxonomy'),
    name: texts.taxonomy(name),
    description: texts.taxonomyDescription(name)
  }
  const terms = tree
    .filter(({ closed }) => !closed)
    .map((category) => ({
      id: category.id,
      code: category.slug,
      name: category.name,
      description: said(category.description) ?? category.name,
      ...(category.parentId === null ? {} : { parent_id: category.parentId }),
      taxonomy: taxonomy.name,
      taxonomy_detail: taxonomy,
      taxonomy_id: taxonomy.id,
      language
    }))
  const termsById = new Map(terms.map((term) => [term.id, term]))

  const locations = locationsOf(name, organizationId, rules, texts.location, idOf)
  const organization = {
    id: organizationId,
    name,
    description: said(contact.description) ?? texts.organization,
    email: said(contact.email),
    website: said(contact.website),
    phones: phonesOf({ organization_id: organizationId }),
    contacts: contactsOf({ organization_id: organizationId }),
    locations
  }

  const namesOfLanguages = new Intl.DisplayNames([locale], { type: 'language' })
  const services = published.map(({ category, languages, areas, slots }): HsdsService => {
    const id = idOf('service', category.id)
    const within = (what: string, value: string) => idOf('service', category.id, what, value)
    return {
      id,
      organization_id: organizationId,
      name: texts.service(category.name, name),
      description: [texts.serviceDescription(category.name, name), said(category.description)]
        .filter(Boolean)
        .join(' '),
      url: said(contact.website),
      email: said(contact.email),
      status: 'active',
      application_process: texts.application(name),
      fees_description: texts.fees,
      eligibility_description: texts.eligibility(name),
      organization,
      phones: phonesOf({ service_id: id }, id),
      schedules: weekly(slots).map(({ part, days }) => ({
        id: within('schedule', part),
        service_id: id,
        freq: 'WEEKLY',
        byday: days.map((day) => day.slice(0, 2).toUpperCase()).join(','),
        description: days.map((day) => matching.slot(matching.days[day], matching.parts[part])).join(', ')
      })),
      service_areas: areas.map((area) => ({ id: within('area', area), service_id: id, name: area })),
      service_at_locations: locations.map((location) => ({
        id: within('location', location.id),
        service_id: id,
        location_id: location.id,
        description: texts.location,
        location
      })),
      languages: languages.map((code) => ({
        id: within('language', code),
        service_id: id,
        name: namesOfLanguages.of(code) ?? code,
        code
      })),
      contacts: contactsOf({ service_id: id }, id),
      attributes: [
        {
          id: within('attribute', category.id),
          link_id: id,
          link_entity: 'service',
          taxonomy_term_id: category.id,
          taxonomy_term: termsById.get(category.id)!
        }
      ]
    }
  })
  return { organization, services, taxonomy, terms }
}

/** Where the timebank itself is, if it says so; how accessible a place is can only be said of a place. */
function locationsOf(
  name: string,
  organizationId: string,
  { publicContact: { address, accessibility, phone } }: Policy,
  description: string,
  idOf: (...parts: string[]) => string
): HsdsLocation[] {
  if (address === null) return []
  const id = idOf('location')
  return [
    {
      id,
      location_type: 'physical',
      organization_id: organizationId,
      name,
      description,
      addresses: [
        {
          id: idOf('address'),
          location_id: id,
          address_1: address.line1,
          address_2: said(address.line2),
          city: address.city,
          state_province: address.region,
          postal_code: address.postalCode,
          country: address.country,
          address_type: 'physical'
        }
      ],
      phones: phone === null ? [] : [{ id: idOf('phone', 'location'), location_id: id, number: phone }],
      accessibility:
        accessibility === '' ? [] : [{ id: idOf('accessibility'), location_id: id, description: accessibility }]
    }
  ]
}

const days = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const
const parts = ['morning', 'afternoon', 'evening'] as const

/** By part of the day: when exactly a morning begins nobody has said, so no times are given. */
const weekly = (slots: readonly Slot[]) =>
  parts
    .map((part) => ({ part, days: days.filter((day) => slots.includes(`${day}_${part}`)) }))
    .filter((each) => each.days.length > 0)

const briefOrganization = ({ id, name, description, email, website }: HsdsOrganization): HsdsOrganization => ({
  id,
  name,
  description,
  email,
  website
})

/** Without the lists of what belongs to it. */
export const briefService = (service: HsdsService): HsdsService => ({
  id: service.id,
  organization_id: service.organization_id,
  name: service.name,
  description: service.description,
  url: service.url,
  email: service.email,
  status: service.status,
  application_process: service.application_process,
  fees_description: service.fees_description,
  eligibility_description: service.eligibility_description,
  ...(service.organization ? { organization: briefOrganization(service.organization) } : {})
})

export const minimalService = ({ id, name, status }: HsdsService): HsdsService => ({ id, name, status })

/** `services`: not at all, by id and name, or with all that belongs to each. */
export function organizationWith(
  { organization, services }: Publication,
  lists: boolean,
  withServices: 'none' | 'minimal' | 'full'
): HsdsOrganization {
  return {
    ...(lists ? organization : briefOrganization(organization)),
    ...(withServices === 'none'
      ? {}
      : {
          services: services.map((service) =>
            withServices === 'minimal' ? minimalService(service) : { ...service, organization: undefined }
          )
        })
  }
}

/** The places of services, with the service in full or briefly. */
export const servicesAtLocations = ({ services }: Publication, full: boolean) =>
  services.flatMap((service) =>
    (service.service_at_locations ?? []).map((place) => ({
      ...place,
      service: full ? { ...service, service_at_locations: undefined } : briefService(service)
    }))
  )
