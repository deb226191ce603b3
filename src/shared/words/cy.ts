import type { Words } from './types.ts'

const somebody = (who: string | null) => who ?? 'Rhywun'
const about = (what: string | null) => (what === null ? '' : `: ${what}`)

export const cy: Words = {
  notices: {
    'exchange.proposed': ({ who, what }) => `Mae ${who ?? 'rhywun'} yn cynnig cyfnewid${about(what)}.`,
    'exchange.agreed': ({ who, what }) => `Mae ${who ?? 'rhywun'} wedi cytuno i gyfnewid${about(what)}.`,
    'exchange.approved': ({ what }) => `Mae brocer wedi caniatáu i gyfnewid fynd yn ei flaen${about(what)}.`,
    'exchange.declined': ({ what }) => `Ni fydd cyfnewid yn digwydd${about(what)}.`,
    'exchange.cancelled': ({ what }) => `Mae cyfnewid wedi'i ganslo${about(what)}.`,
    'exchange.reported': ({ who, what }) =>
      `${somebody(who)}: mae cyfnewid wedi digwydd${about(what)}. Cadarnhewch hynny, neu dywedwch os oedd yn wahanol.`,
    'exchange.confirmed': ({ who, what }) => `Mae ${who ?? 'rhywun'} wedi cadarnhau cyfnewid${about(what)}.`,
    'exchange.auto-confirmed': ({ what }) =>
      `Mae cyfnewid yn cyfrif fel un a gadarnhawyd, gan nad oes neb wedi ateb${about(what)}.`,
    'exchange.recorded': ({ what }) => `Mae brocer wedi cofnodi cyfnewid o'ch eiddo${about(what)}.`,
    'exchange.settled': ({ what }) => `Mae oriau cyfnewid wedi symud${about(what)}.`,
    'exchange.disputed': ({ who, what }) =>
      `Mae ${who ?? 'rhywun'} yn dweud bod cyfnewid yn wahanol${about(what)}. Bydd brocer yn edrych arno.`,
    'exchange.reversed': ({ what }) => `Mae cyfnewid wedi'i dynnu'n ôl${about(what)}.`
  },
  followUps: {
    find_helper: 'Chwiliwch am rywun a allai helpu, neu siaradwch â’r aelod am yr hyn y mae’n gofyn amdano.',
    ask_for_answer: 'Gofynnwch a welwyd y neges. Mae’r hyn y mae’n ei ddweud yn aros rhwng y ddau.',
    renew_offer: 'Gofynnwch a yw’r cynnig yn dal i sefyll: symudwch ei ddiwrnod olaf, neu gadewch iddo ddod i ben.',
    renew_request: 'Gofynnwch a oes angen help o hyd: symudwch y diwrnod olaf, neu gadewch i’r cais ddod i ben.',
    first_contact: 'Cysylltwch â’r aelod newydd, a helpwch gyfnewidiad cyntaf ar ei ffordd.',
    talk_about_giving: 'Siaradwch am yr hyn yr hoffent ei roi, neu a fyddai oriau o’r gronfa gymunedol yn helpu.',
    talk_about_asking: 'Siaradwch am yr hyn y gallent ofyn amdano, neu a hoffent drosglwyddo oriau i eraill.',
    remind_to_confirm: 'Atgoffwch yr ochr sydd heb ateb eto i gadarnhau, neu i ddweud sut yr oedd.',
    confirm_in_person:
      'Nid yw tawelwch byth yn cadarnhau hwn: gwrandewch ar yr ochr sydd heb ateb, a chadarnhewch drostynt.',
    decide_dispute: 'Gwrandewch ar y ddwy ochr, a phenderfynwch.',
    decide_query: 'Gwrandewch ar yr hyn sy’n aneglur am y cyfnewidiad, a phenderfynwch a yw’n sefyll.',
    look_and_approve: 'Edrychwch ar yr hyn a gytunwyd, a gadewch iddo fynd ymlaen neu ei ganslo.',
    make_contact: 'Gofynnwch sut y maent, a beth yr hoffent ei roi neu ofyn amdano.',
    contact_then_leave:
      'Cysylltwch unwaith eto. Os ydynt am adael, neu os na ellir cyrraedd neb, dewch â’r aelodaeth i ben.',
    read_report: 'Agorwch yr hyn a adroddwyd, a siaradwch â’r rhai dan sylw.'
  }
}
