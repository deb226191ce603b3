import { createHash } from 'node:crypto'
import { parseSeconds } from './hours.ts'
import { emptyMember, readBalance, readDate, readLanguage, readMoved, readName } from './members.ts'
import type { Outcome, RowReader, Source } from './rows.ts'
import { fold, longest, showable } from './text.ts'
import type { Party } from './types.ts'

type MemberKey = 'number' | 'name' | 'email' | 'phone' | 'otherPhone' | 'joined' | 'lastSeen' | 'language' | 'balance'

/**
 * The list of members. Headers follow the language of whoever exports; they only count where a column is missing or
 * added. The balance is in seconds, instants are in UTC or carry their offset.
 */
export const timeoverflowMembers: Source<MemberKey> = {
  foundBy: 'position',
  columns: [
    { key: 'number', headers: ['N'] },
    { key: 'name', headers: ['Nombre', 'Nom', 'Izena', 'Nome', 'Naam', '名前'] },
    {
      key: 'email',
      headers: ['E-mail', 'Correo', 'Correu', 'Eposta', 'Adresse email', 'Correo electrónico', 'メールアドレス']
    },
    { key: 'phone', headers: ['Teléfono', 'Telèfon', 'Telefonoa', 'Telefone', 'Telefoonnummer', '電話番号'] },
    {
      key: 'otherPhone',
      headers: [
        'Alternative Phone',
        'Teléfono alternativo',
        'Telèfon alternatiu',
        'Ordezko telefonoa',
        'Téléphone (secondaire)',
        'Telefone alternativo',
        'Alternatief telefoonnummer',
        '代替電話番号'
      ]
    },
    { key: 'joined', headers: ['Created', 'Creado', 'Creat', 'Sortua', 'Créé·e le', 'Criado', 'Aangemaakt', '作成'] },
    {
      key: 'lastSeen',
      headers: [
        'Last login',
        'Fecha último login',
        'Data darrera connexió',
        'Azken saioa',
        'Dernière connexion',
        'Último inicio de sesión',
        'Data do último login',
        'Laatste login',
        '最終ログイン'
      ]
    },
    { key: 'language', headers: ['Locale'] },
    { key: 'balance', headers: ['Balanç', 'Balantzea', 'Solde', 'Balanço', 'Balans', '残高'] }
  ],
  required: ['number', 'name', 'balance'],
  looksLikeData: (cells) => /^\s*\d/.test(cells[0] ?? ''),
  dates: ['joined', 'lastSeen'],
  reader: () => readMember
}

function readMember(row: RowReader<MemberKey>): Outcome {
  const externalId = memberNumber(row.text('number'))
  if (externalId === null) row.refuse('number', `${showable(row.raw('number'))} is no member number`)
  const seen = externalId === null ? null : row.seenAt(externalId)
  if (seen?.identical) return { skip: `the same as line ${seen.line}` }
  if (seen) row.refuse('number', `line ${seen.line} has the same member number`)
  const name = readName(row, 'name', row.text('name'), externalId ?? '')
  const balanceMinutes = readBalance(row, 'balance', parseSeconds, 'balance in whole seconds')
  const record = {
    ...emptyMember,
    line: row.line,
    externalId: externalId ?? '',
    number: Number(externalId),
    name,
    phone: row.phone('phone'),
    otherPhone: row.phone('otherPhone'),
    joinedOn: readDate(row, 'joined'),
    lastSeenOn: readDate(row, 'lastSeen'),
    language: readLanguage(row, 'language'),
    balanceMinutes
  }
  return { member: { ...record, email: row.email('email') } }
}

/** The number without leading zeros, or null. */
const memberNumber = (text: string): string | null => (/^\d{1,9}$/.test(text) ? String(Number(text)) : null)

type TransferKey = 'date' | 'from' | 'to' | 'post' | 'quantity'

/** The list of transfers: from whom (the receiver of the help) to whom, without ids, in hours and minutes. */
export const timeoverflowTransfers: Source<TransferKey> = {
  foundBy: 'position',
  columns: [
    { key: 'date', headers: ['Data', 'Fecha', 'Datum', '日付'] },
    { key: 'from', headers: ['Origen', 'Jatorria', 'Depuis', 'De', 'Origem', 'Van', 'から'] },
    { key: 'to', headers: ['Destino', 'Destí', 'Helmuga, erabilera', 'Vers', 'Para', 'Naar', 'へ'] },
    { key: 'post', headers: ['Anuncio', 'Anunci', 'Iragarkia', 'Annonce', 'Publicar', 'Anúncio', 'Bericht', '投稿'] },
    {
      key: 'quantity',
      headers: ['Cantidad', 'Quantitat', 'Kantitatea', 'Quantité', 'Cantidade', 'Quantidade', 'Aantal', '数量']
    }
  ],
  required: ['date', 'from', 'to', 'quantity'],
  looksLikeData: (cells) => /^\s*\d/.test(cells[0] ?? ''),
  dates: ['date'],
  reader: ({ columnOf }) => {
    const isOrganisation = organisationsAmong([...columnOf('from'), ...columnOf('to')])
    const repeats = new Map<string, number>()
    return (row) => readTransfer(row, isOrganisation, repeats)
  }
}

function readTransfer(
  row: RowReader<TransferKey>,
  isOrganisation: (label: string) => boolean,
  repeats: Map<string, number>
): Outcome {
  const moment = row.date('date')
  if (!moment) row.refuse('date', `${showable(row.raw('date'))} is no date`)
  const receiver = readParty(row, 'from', isOrganisation)
  const provider = readParty(row, 'to', isOrganisation)
  const minutes = readMoved(row, 'quantity')
  const description = row.textUpTo('post', longest.description)
  if (!moment) return null
  const instant = moment.instant ?? moment.date
  const [helped, gave] = [identityOf(receiver), identityOf(provider)]
  const identity = [instant, helped, gave, minutes].join('|')
  const repeat = repeats.get(identity) ?? 0
  repeats.set(identity, repeat + 1)
  if (minutes === 0) return { skip: 'less than half a minute: no hours moved' }
  if (
    receiver.kind !== 'anonymous' &&
    identityOf(receiver) === identityOf(provider) &&
    receiver.label === provider.label
  ) {
    return { skip: 'both sides are the same account: no hours moved' }
  }
  return {
    history: {
      line: row.line,
      externalId: `${stemOf(identity)}${repeat}`,
      idStems: [
        [helped, gave],
        ['', gave],
        [helped, ''],
        ['', '']
      ].map((sides) => stemOf([instant, ...sides, minutes].join('|'))),
      performedOn: moment.date,
      recordedAt: moment.instant,
      receiver,
      provider,
      minutes,
      description
    }
  }
}

const stemOf = (identity: string): string =>
  `timeoverflow-${createHash('sha256').update(identity).digest('hex').slice(0, 32)}-`

/** Only the number counts: labels change with the exporter's language, and names and titles are edited. */
const identityOf = (party: Party): string => (party.kind === 'member' ? party.ref : '')

/** `Name (42)` is member 42; other texts are the organisation's name or stand for somebody who has left. */
function readParty<Key extends string>(
  row: RowReader<Key>,
  key: Key,
  isOrganisation: (label: string) => boolean
): Party {
  const label = unescapeHtml(row.textUpTo(key, longest.name + 20))
  const number = label.endsWith(')') ? label.slice(label.lastIndexOf('(') + 1, -1).trim() : ''
  const ref = label.includes('(') ? memberNumber(number) : null
  if (ref !== null) return { kind: 'member', ref, label: label.slice(0, label.lastIndexOf('(')).trim() }
  if (isGone(label)) return { kind: 'anonymous', label }
  if (isOrganisation(label)) return { kind: 'organisation', ref: label, label }
  row.warn(key, 'names nobody by number; kept as an anonymous party')
  return { kind: 'anonymous', label }
}

/** The exporter escapes names as if for a web page. */
function unescapeHtml(text: string): string {
  const plain = text.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&quot;', '"').replaceAll('&#39;', "'")
  return plain.replaceAll('&amp;', '&')
}

// folded: what the exporter writes for members who were deleted or are inactive, and what people write in their place
const gone = [
  /elimina[td]|esborra[td]|borrad|suprimi[td]|supprime|deleted|removed|apagad|excluid|ezabatu|gelosch?t|verwijderd|dileu/,
  /no longer exist|does(?: not|n t) exist|[jyx]a non? exist|nao existe|n existe plus|jada ez dago|bestaat niet|存在しません/,
  /(?:isn t|not) active|\binacti[vf]|inactiu|inativ[oa]|(?:no|non|nao|n) (?:esta|est pas) a[ct]|ez dago erabilgarri|niet actief/,
  /ありません|anonym|anonim|unknown|desconocid|desconegu|desconhecid|inconnu|unbekannt|onbekend|ezezagun/
]

const isGone = (label: string): boolean => {
  const plain = fold(label)
  return plain === '' || gone.some((pattern) => pattern.test(plain))
}

const organisationWord =
  /\b(?:ban[ck]o?|bank|banku|temps|tiempo|tempo|denbora|amser|zeit|tijd|timebank|time|assoc\w*|asoc\w*|elkarte\w*|ajuntament|ayuntamiento|concello|udal\w*|council|cent(?:re|ro|er)|cooperativ\w*|xarxa|red|rede|community|comunidad|comunitat|organi[sz]a\w*|fund\w*|school|escola|escuela|club|entitat|entidad|ong|ngo)\b/u

/**
 * Which of the labels without a member number are organisations: those with a word for one or with a number at the
 * end, and if there are none, the most frequent label that occurs more than once.
 */
function organisationsAmong(labels: readonly string[]): (label: string) => boolean {
  const counts = new Map<string, number>()
  for (const label of labels) {
    const plain = fold(label)
    if (!/\(\s*\d{1,9}\s*\)\s*$/.test(label.slice(-20)) && !isGone(plain))
      counts.set(plain, (counts.get(plain) ?? 0) + 1)
  }
  const named = [...counts.keys()].filter((label) => organisationWord.test(label) || /\d$/.test(label))
  const [most] = [...counts].filter(([, times]) => times > 1).sort((a, b) => b[1] - a[1])
  const known = new Set(named.length > 0 || !most ? named : [most[0]])
  return (label) => known.has(fold(label))
}
