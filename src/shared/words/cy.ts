import type { Words } from './types.ts'

const somebody = (who: string | null) => who ?? 'Rhywun'
const about = (what: string | null) => (what === null ? '' : `: ${what}`)
const at = (when: string | null) => (when === null ? '' : ` (${when})`)
const until = (when: string | null) => (when === null ? '' : ` (yn sefyll tan ${when})`)

export const cy: Words = {
  notices: {
    'service-request.received': () =>
      'Gofynnir ichi a hoffech rywbeth y mae asiantaeth wedi gofyn amdano gyda chi mewn golwg. Edrychwch, a dywedwch ie neu na.',
    'circle.proposed': ({ when }) =>
      `Fe'ch gwahoddir i gylch lle mae pawb yn rhoi a phawb yn derbyn. Dywedwch a hoffech chi gymryd rhan${when === null ? '' : `, erbyn ${when}`}.`,
    'circle.going-ahead': () =>
      "Mae pawb wedi cytuno i gylch: mae'n mynd yn ei flaen, ac mae'r cyfnewidiadau wedi dechrau.",
    'circle.closed': () => 'Ni fydd cylch y cawsoch wahoddiad iddo yn mynd yn ei flaen.',
    'budget.proposed': () =>
      "Cynigir neilltuo oriau mewn cyllideb sy'n ymwneud â chi. Edrychwch arni, ysgrifennwch beth yr hoffech ei wneud â nhw, a dywedwch a ydych yn cytuno.",
    'budget.held': () => "Mae rhywun arall yn dal cyllideb oriau sy'n ymwneud â chi o hyn ymlaen.",
    'budget.agreed': () => "Mae rhywun wedi cytuno i gyllideb oriau sy'n ymwneud â chi.",
    'budget.allocated': () => "Rhoddwyd oriau mewn cyllideb sy'n ymwneud â chi.",
    'budget.returned': () => "Mae oriau o gyllideb sy'n ymwneud â chi wedi mynd yn ôl at bwy a'u rhoddodd.",
    'budget.ended': () => "Mae cyllideb oriau sy'n ymwneud â chi wedi dod i ben.",
    'budget.reconciled': () => "Mae cyllideb oriau sy'n ymwneud â chi wedi cau: edrychwyd ar ei chyfriflen.",
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
    'exchange.reversed': ({ what }) => `Mae cyfnewid wedi'i dynnu'n ôl${about(what)}.`,
    'arrangement.proposed': ({ who, what }) => `Mae ${who ?? 'rhywun'} yn cynnig cwrdd â chi${about(what)}.`,
    'arrangement.begun': ({ what }) => `Mae brocer wedi sefydlu grŵp yr ydych yn ei arwain${about(what)}.`,
    'arrangement.agreed': ({ who, what }) => `Mae ${who ?? 'rhywun'} wedi cytuno i gwrdd${about(what)}.`,
    'arrangement.approved': ({ what }) => `Mae brocer wedi caniatáu i drefniant fynd yn ei flaen${about(what)}.`,
    'arrangement.declined': ({ what }) => `Ni fydd trefniant yn digwydd${about(what)}.`,
    'arrangement.changed': ({ what }) => `Mae trefniant o'ch eiddo wedi newid${about(what)}. Edrychwch ar y dyddiadau.`,
    'arrangement.cancelled': ({ what }) => `Mae trefniant wedi'i ganslo${about(what)}.`,
    'arrangement.ended': ({ what }) => `Mae trefniant wedi dod i ben${about(what)}.`,
    'arrangement.registered': ({ what }) => `Mae brocer wedi eich cofrestru mewn grŵp${about(what)}.`,
    'arrangement.place-given': ({ what }) => `Mae lle wedi dod yn rhydd, a chi biau ef${about(what)}.`,
    'session.changed': ({ what, when }) => `Mae amser neu le sesiwn wedi newid${about(what)}${at(when)}.`,
    'session.skipped': ({ what, when }) => `Ni fydd sesiwn yn digwydd${about(what)}${at(when)}.`,
    'session.restored': ({ what, when }) => `Bydd sesiwn yn digwydd wedi'r cyfan${about(what)}${at(when)}.`,
    'session.no-show': ({ what, when }) =>
      `Nodwyd na ddaeth rhywun i sesiwn${about(what)}${at(when)}. Dywedwch os oedd yn wahanol.`,
    'session.reminder': ({ what, when }) => `Mae sesiwn yn agos${about(what)}${at(when)}.`,
    'appointment.set': ({ what, when }) => `Mae amser a lle cyfnewid wedi'u pennu${about(what)}${at(when)}.`,
    'appointment.removed': ({ what }) => `Nid oes amser penodol i gyfnewid mwyach${about(what)}.`,
    'appointment.reminder': ({ what, when }) => `Mae cyfnewid yn agos${about(what)}${at(when)}.`,
    'exchange.changed': ({ who, what }) =>
      `Mae ${who ?? 'rhywun'} wedi newid cynnig am gyfnewid${about(what)}. Atebwch ef fel y mae nawr.`,
    'exchange.accepted': ({ who, what }) =>
      `Mae ${who ?? 'rhywun'} yn derbyn yr amser fel y gwelsoch chi ef, ac mae'r oriau wedi symud${about(what)}.`,
    'exchange.kept': ({ what }) =>
      `Mae brocer wedi penderfynu bod cyfnewid yn sefyll fel y cafodd ei adrodd${about(what)}.`,
    'exchange.corrected': ({ what }) =>
      `Mae brocer wedi cywiro cyfnewid: mae cofnod arall yn sefyll yn ei le${about(what)}.`,
    'exchange.no-show': ({ what }) => `Mae cyfnewid wedi'i gau, gan na ddaeth un ochr${about(what)}.`,
    'exchange.queried': ({ what }) => `Mae cwestiwn am gyfnewid o'ch eiddo${about(what)}.`,
    'exchange.answered': ({ what }) => `Mae cwestiwn am gyfnewid o'ch eiddo wedi'i ateb${about(what)}.`,
    'offer.expiring': ({ what, when }) =>
      `Mae un o'ch cynigion yn dod i ben cyn hir${about(what)}${until(when)}. I'w gadw, rhowch ddyddiad diweddarach iddo.`,
    'request.expiring': ({ what, when }) =>
      `Mae un o'ch ceisiadau yn dod i ben cyn hir${about(what)}${until(when)}. I'w gadw, rhowch ddyddiad diweddarach iddo.`,
    'conversation.message': ({ who, what }) => `Mae ${who ?? 'rhywun'} wedi ysgrifennu atoch${about(what)}.`,
    'conversation.invited': ({ who, what }) =>
      `Mae ${who ?? 'rhywun'} yn dymuno i chi gymryd rhan mewn sgwrs, fel brocer${about(what)}.`,
    'conversation.broker-added': ({ what }) =>
      `Mae brocer yn cymryd rhan mewn sgwrs o'ch eiddo o hyn ymlaen, fel y dymunodd un ohonoch${about(what)}.`,
    'conversation.shown': ({ what }) =>
      `Mae rhywun y buoch yn ysgrifennu ato wedi dangos y sgwrs i'r broceriaid, ac maent wedi edrych arni${about(what)}.`,
    'conversation.report-closed': ({ what }) => `Mae brocer wedi delio â'r hyn a adroddwyd gennych${about(what)}.`,
    'support.proposed': ({ who }) =>
      `Hoffai ${somebody(who)} i chi fod yn gefn iddynt. Dywedwch a hoffech chi wneud hynny.`,
    'support.noted': ({ who }) => `Mae brocer wedi gofyn i ${somebody(who)}, yn eich enw chi, fod yn gefn i chi.`,
    'support.entered': ({ who }) =>
      `Mae brocer wedi nodi gwarcheidwad (${somebody(who)}). Rhowch wybod i'r brocer os dylai fod fel arall.`,
    'support.accepted': ({ who }) => `Mae ${somebody(who)} yn gefn i chi o hyn ymlaen.`,
    'support.changed': ({ who }) =>
      `Mae'r hyn y gellir ei wneud rhyngoch chi a ${somebody(who)}, fel cefnogwr, wedi newid.`,
    'support.revoked': ({ who }) => `Mae'r gefnogaeth rhyngoch chi a ${somebody(who)} wedi'i thynnu'n ôl.`,
    'support.ended': ({ who }) => `Mae'r gefnogaeth rhyngoch chi a ${somebody(who)} wedi dod i ben.`,
    'support.expired': ({ who }) => `Mae amser y gefnogaeth rhyngoch chi a ${somebody(who)} ar ben.`,
    'consent.given': ({ what }) =>
      `Mae rhywun wedi nodi'r hyn y caiff sefydliad ei wybod amdanoch neu ei wneud${about(what)}. Gallwch ei dynnu'n ôl unrhyw bryd.`,
    'consent.withdrawn': ({ what }) => `Mae'r hyn a ganiatawyd i sefydliad wedi'i dynnu'n ôl${about(what)}.`,
    'thanks.given': ({ who, what }) => `Mae ${who ?? 'rhywun'} yn diolch i chi${about(what)}.`,
    'match.suggested': ({ what }) => `Mae brocer yn awgrymu rhywun ar gyfer eich cais${about(what)}.`,
    'match.proposed': ({ who, what }) =>
      `Mae ${who ?? 'rhywun'} yn cynnig eich bod yn dod at eich gilydd${about(what)}.`,
    'match.accepted': ({ who, what }) => `Mae ${who ?? 'rhywun'} wedi dweud ie${about(what)}.`,
    'match.closed': ({ what }) => `Nid yw cynnig ar agor mwyach${about(what)}.`
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
    read_report: 'Agorwch yr hyn a adroddwyd, a siaradwch â’r rhai dan sylw.',
    contact_person: 'Siaradwch â’r person, a gofynnwch a hoffent hynny.',
    decide_service_request: 'Penderfynwch a ddylid ei dderbyn.',
    go_on_or_end: 'Gofynnwch a all fynd ymlaen, neu sut y dylai ddod i ben.',
    look_for_help_again: 'Nid oes neb wedi helpu ers tro: chwiliwch am gynorthwyydd, neu holwch sut mae’n mynd.'
  },
  mails: {
    greeting: (name) => `Helo ${name},`,
    several: (timebank, count) => `${timebank}: newyddion i chi (${count})`,
    open: 'Edrychwch arno',
    more: (count) => `Mae rhagor yn eich mewnflwch: ${count}`,
    why: (timebank) =>
      `Rydych yn cael yr e-bost hwn fel aelod o ${timebank}. Chi sy'n dewis yn eich gosodiadau sut, a pha mor aml, y cewch wybod.`,
    stop: (topics) => `Dim rhagor o e-byst am: ${topics}`,
    topics: {
      exchanges: 'cyfnewidiadau',
      listings: 'eich cynigion a cheisiadau',
      matches: 'awgrymiadau i chi',
      messages: 'negeseuon',
      sessions: 'dyddiadau',
      circles: 'cylchoedd cyfnewid',
      thanks: 'diolchiadau',
      support: "eich cefnogwyr a'r hyn y caiff sefydliadau ei wybod"
    }
  },
  unsubscribe: {
    title: 'Llai o e-byst',
    ask: (topics) => `Dim rhagor o e-byst am: ${topics}? Mae popeth yn eich mewnflwch yr un fath.`,
    button: "Dim rhagor o'r e-byst hyn",
    done: (topics) => `Ni ddaw rhagor o e-byst am: ${topics}. Gallwch newid hyn yn eich gosodiadau unrhyw bryd.`
  },
  // fersiwn 1 o'r hyn y mae pobl wedi cytuno iddo: i'w ddweud fel arall, mae banc amser yn ychwanegu ei fersiwn ei hun
  consentWordings: {
    referral:
      "Mae'r sefydliad a enwir yma wedi gofyn i ni helpu i ddod o hyd i bobl a gweithgareddau i chi. Chi sy'n penderfynu a ydym yn gwneud hynny, a'r hyn y caiff ei wybod. Rydych yn dewis pob un o'r rhain ar wahân: y cawn gysylltu â chi amdano (contact); bod y sefydliad yn cael gwybod pa mor bell y mae wedi mynd (share_status), ar ba ddyddiau y gwnaethoch gymryd rhan ac am ba hyd (share_attendance), a beth ddaeth ohono (share_outcome); a'i fod yn gweld pa sefydliadau eraill sy'n rhan o hyn, yn ôl enw a math o gymorth (see_others_involved). Cewch ddweud na, ac ni ddywedir wrth neb. Cewch dynnu'r cyfan neu unrhyw ran yn ôl unrhyw bryd, yr un mor hawdd ag y'i rhoddwyd, ac mae'n dal o'r eiliad honno. Cewch weld pwy sydd wedi edrych ar beth. Nid yw eich ateb yn newid dim ar unrhyw gymorth y mae gennych hawl iddo.",
    joined_up:
      "Mae gennych un dudalen o'r cyfan sydd ar waith o'ch cwmpas yma. Chi biau hi. Chi sy'n penderfynu a gaiff y sefydliad a enwir yma weld ei ran ef ohoni, a pha sefydliadau eraill sy'n rhan o hyn, yn ôl enw a math o gymorth (see_others_involved). Cewch ddweud na, ac ni ddywedir wrth neb. Cewch ei dynnu'n ôl unrhyw bryd, yr un mor hawdd ag y'i rhoddwyd, ac mae'n dal o'r eiliad honno. Cewch weld pwy sydd wedi edrych ar beth. Nid yw eich ateb yn newid dim ar unrhyw gymorth y mae gennych hawl iddo."
  },
  signInLink: ({ name, url, code, minutes }) => ({
    subject: 'Eich dolen mewngofnodi ar gyfer Commonhours',
    text: `Helo ${name},

Mae rhywun – chi, mae'n debyg – wedi gofyn am gael mewngofnodi i Commonhours gyda'r cyfeiriad e-bost hwn.
Agorwch y ddolen hon i fewngofnodi. Mae'n gweithio unwaith yn unig, o fewn ${minutes} munud:

${url}

Os gofynnir i chi am god yn lle hynny, defnyddiwch hwn:

${code}

Os nad chi ofynnodd, nid oes angen i chi wneud dim: ni all neb fewngofnodi heb yr e-bost hwn.
`
  }),
  statement: {
    title: 'Cyfriflen oriau',
    number: (number) => `Rhif aelod ${number}`,
    account: (number) => `Cyfrif ${number}`,
    period: (from, to) =>
      from !== null && to !== null
        ? `O ${from} hyd at ${to}`
        : from !== null
          ? `O ${from} ymlaen`
          : to !== null
            ? `Hyd at ${to}`
            : "O'r dechrau",
    issued: (date) => `Lluniwyd ar ${date}`,
    openingBalance: 'Balans cynt',
    earned: 'Enillwyd',
    spent: 'Gwariwyd',
    closingBalance: 'Balans wedyn',
    date: 'Dyddiad',
    whatAndWho: 'Beth, a gyda phwy',
    balance: 'Balans',
    tooManyLines: "Mae gormod i'w argraffu yma. Gofynnwch i ni amdano.",
    noLines: 'Ni ddaeth oriau i mewn nac allan yn y cyfnod hwn.',
    setAside: (hours, available) =>
      `Mae ${hours} o hyn wedi'i neilltuo ar gyfer yr hyn y cytunwyd arno; mae ${available} ar gael i'w ddefnyddio.`,
    belowZero:
      'Mae balans o dan sero yn golygu eich bod wedi derbyn mwy o amser nag a roddwyd gennych hyd yma. Mae banc amser angen hynny: rhaid i rywun fod yn gyntaf i dderbyn.',
    page: (page, pages) => `Tudalen ${page} o ${pages}`,
    correction: (what) => `Cywiriad: ${what}`,
    kinds: {
      exchange: 'Cyfnewid',
      gift: 'Rhodd',
      grant: "O'r gronfa gymunedol",
      donation: "I'r gronfa gymunedol",
      joining_credit: 'Credyd ymuno',
      opening: 'Balans a ddygwyd i mewn',
      surplus: 'Gweddill gan grŵp',
      preparation: 'Amser paratoi',
      leaving: 'Wrth adael',
      write_off: 'Dilëwyd',
      budget_allocation: 'Cyllideb a roddwyd',
      budget_return: 'Cyllideb a ddychwelwyd',
      clearing: 'Gyda banc amser arall',
      import: 'O system hŷn',
      session: 'Sesiwn'
    },
    accounts: {
      member: 'Aelod',
      organisation: 'Sefydliad',
      community_pot: 'Y gronfa gymunedol',
      budget: 'Cyllideb',
      clearing: 'Banc amser arall',
      opening: 'Balansau agoriadol'
    }
  },
  joinedUp: {
    kinds: {
      service_request: 'Cais gan asiantaeth',
      exchange: 'Cymorth',
      arrangement: 'Cyfarfodydd',
      budget: 'Oriau a neilltuwyd'
    },
    states: {
      asked: 'Yn aros am eich ie neu na',
      proposed: 'Cynigiwyd, yn aros am ateb',
      with_broker: "Mae'r brocer yn edrych arno",
      agreed: 'Cytunwyd, heb ddechrau eto',
      under_way: 'Ar waith',
      on_hold: "Wedi'i ohirio am y tro",
      to_confirm: "Wedi digwydd, yn aros i'w gadarnhau",
      unclear: 'Yn cael ei ddatrys'
    },
    attention: {
      answerWanted: (count) => `Pethau sy'n aros am ateb: ${count}.`,
      overlap: (category, count) => `${category}: mae ${count} cyfraniad ar agor yr un pryd.`,
      manyPeople: (count) => `Nifer y bobl wahanol sy'n dod: ${count}.`
    }
  },
  openReferral: {
    organization:
      "Banc amser: mae pobl yn rhoi amser i'w gilydd. Mae awr yn awr, pwy bynnag sy'n ei rhoi, ac mae gan bawb rywbeth i'w roi.",
    service: (category, timebank) => `${category}: cymorth gan aelodau ${timebank}`,
    serviceDescription: (category, timebank) =>
      `Mae sawl aelod o ${timebank} yn cynnig amser ar gyfer hyn: ${category}. Nhw sy'n cytuno pwy sy'n helpu pwy, a phryd, gyda brocer os dymunant.`,
    fees: "Dim arian. Mae aelodau'n rhoi amser i'w gilydd: mae awr a dderbynnir yn awr y gellir ei rhoi i rywun arall.",
    eligibility: (timebank) =>
      `Ar gyfer aelodau ${timebank}; gall unrhyw un a hoffai roi a derbyn amser ofyn am gael ymuno.`,
    application: (timebank) => `Cysylltwch â ${timebank}, neu mewngofnodwch fel aelod.`,
    location: "Lle gellir cysylltu â'r banc amser. Mae'r cymorth ei hun yn digwydd lle mae'r bobl dan sylw yn cytuno.",
    taxonomy: (timebank) => `Categorïau ${timebank}`,
    taxonomyDescription: (timebank) => `Y categorïau y mae aelodau ${timebank} yn rhoi amser i'w gilydd ynddynt.`
  },
  starterCategories: {
    'everyday-help': 'Help bob dydd',
    shopping: 'Siopa a negeseuon',
    lifts: 'Lifftiau mewn car',
    housework: 'Gwaith tŷ',
    'small-repairs': 'Mân waith trwsio gartref',
    gardening: 'Garddio',
    cooking: 'Coginio a phobi',
    sewing: 'Gwnïo a thrwsio dillad',
    pets: 'Gofalu am anifeiliaid anwes',
    'forms-and-letters': 'Ffurflenni a llythyrau',
    moving: 'Symud a chario',
    learning: 'Dysgu',
    languages: 'Ieithoedd a sgwrsio',
    'computers-and-phones': 'Cyfrifiaduron a ffonau',
    music: 'Cerddoriaeth a chanu',
    'arts-and-crafts': 'Celf a chrefft',
    'reading-and-numbers': 'Darllen, ysgrifennu a rhifau',
    'work-skills': 'Sgiliau ar gyfer gwaith',
    homework: 'Gwaith cartref gyda phlant',
    prevention: 'Atal a llesiant',
    'walking-together': "Cerdded gyda'n gilydd",
    exercise: 'Ymarfer corff a symud',
    'healthy-eating': "Bwyta'n iach",
    'preventing-falls': 'Atal cwympiadau gartref',
    relaxation: 'Ymlacio a thawelwch',
    'peer-support': 'Cymorth gan gyfoedion',
    caring: 'Gofalu',
    visiting: 'Ymweliadau a chwmni',
    'phone-calls': 'Galwadau ffôn cyfeillgar',
    'going-along': 'Cadw cwmni mewn apwyntiadau',
    'bringing-meals': 'Dod â phrydau bwyd',
    respite: 'Rhoi seibiant i ofalwyr',
    'personal-care': 'Gofal personol',
    'minding-children': 'Gwarchod plant',
    environment: 'Amgylchedd',
    'community-garden': 'Gardd gymunedol',
    'litter-picking': 'Casglu sbwriel',
    'repair-and-reuse': 'Trwsio ac ailddefnyddio',
    nature: 'Natur a bywyd gwyllt',
    'saving-energy': 'Arbed ynni gartref',
    'community-safety': 'Diogelwch cymunedol',
    'looking-out': 'Cymdogion yn cadw golwg ar ei gilydd',
    'checking-in': 'Galwadau gwirio dyddiol',
    'walking-home': 'Cerdded adref yng nghwmni rhywun',
    'walking-to-school': "Cerdded plant i'r ysgol",
    mediation: 'Cyfryngu rhwng cymdogion',
    uncategorised: 'Heb gategori'
  },
  matching: {
    reasons: {
      sameCategory: (name) => `Yr un categori: ${name}`,
      nearCategory: (name) => `Categori cysylltiedig: ${name}`,
      words: (list) => `Mae'r ddau yn sôn am: ${list}`,
      gifts: (list) => `Ymhlith doniau a sgiliau: ${list}`,
      interests: (list) => `Â diddordeb yn: ${list}`,
      closeBy: 'Gerllaw',
      distance: (kilometres) => `Tua ${kilometres} km i ffwrdd`,
      area: (name) => `Yn yr un ardal: ${name}`,
      availability: (list) => `Amserau sy'n addas i'r ddau: ${list}`,
      language: (list) => `Iaith gyffredin: ${list}`,
      setting: "Yn addas i'r man lle mae'n digwydd",
      mode: "Yn addas i'r ffordd o'i wneud",
      settingAndMode: "Yn addas i'r man lle mae'n digwydd ac i'r ffordd o'i wneud",
      earlier: "Rydych chi wedi cyfnewid â'ch gilydd o'r blaen",
      couldGive: 'Efallai yr hoffai roi',
      couldReceive: 'Wedi rhoi llawer a gallai dderbyn',
      recent: 'Yn weithgar yn ddiweddar'
    },
    slot: (day, part) => `${part} ${day}`,
    days: {
      mon: 'dydd Llun',
      tue: 'dydd Mawrth',
      wed: 'dydd Mercher',
      thu: 'dydd Iau',
      fri: 'dydd Gwener',
      sat: 'dydd Sadwrn',
      sun: 'dydd Sul'
    },
    parts: { morning: 'bore', afternoon: 'prynhawn', evening: 'noswaith' },
    fillers:
      'help helpu angen eisiau hoffwn hoffi rhywun unrhyw cynnig cynnigiaf gallaf gallwn gallu amser awr oriau gyda gan efo heb dros drwy wrth ond neu hefyd ydw wyf mae sydd fydd bod yng dan ambell bob'
  }
}
