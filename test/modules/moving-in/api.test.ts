import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { parse } from 'csv-parse/sync'
import { runImport } from '../../../src/modules/moving-in/index.ts'
import { makeStage, setUp } from '../../support/app.ts'

const stage = await makeStage('moving-in api')
after(() => stage.close())

test('what was brought in is seen over the API as it was written, and leaves as CSV that no spreadsheet runs', async () => {
  const admin = await setUp(stage)
  const names = ['=HYPERLINK("http://example.org","click")', '@SUM(1+1)', '-2+3', 'Ana Roca']
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`)
  const members = [
    'N,Nombre,Correo,Teléfono,Teléfono alternativo,Creado,Fecha último login,Locale,Balance',
    ...quoted.map((name, i) => `${i + 11},${name},,,,,,es,${i * 600}`)
  ]
  const transfers = [
    'Fecha,Origen,Destino,Anuncio,Cantidad',
    '2024-03-01 10:00:00 UTC,X (11),Y (14),=1+1,1:30',
    '2024-03-02 10:00:00 UTC,X (11),Unknown,,1:00'
  ]
  await runImport(stage.database, 'rivertown', 'timeoverflow-members', Buffer.from(members.join('\n')))
  await runImport(stage.database, 'rivertown', 'timeoverflow-transfers', Buffer.from(transfers.join('\n')))

  const { items } = (await admin.get('members?limit=100')).body
  assert.deepEqual(
    items.slice(1).map((member: { displayName: string }) => member.displayName),
    names
  )

  const csv = await admin.get('members?limit=100', { accept: 'text/csv' })
  assert.equal(csv.status, 200)
  const cells: string[] = parse(csv.text.replace(/^\ufeff/, '')).flat()
  for (const name of names) assert.ok(cells.includes(name.startsWith('A') ? name : `'${name}`), name)

  const exchanges = (await admin.get('exchanges?limit=100')).body.items
  assert.deepEqual(
    exchanges.map(
      (x: { provider: { memberNumber: number; name: string }; receiver: { name: string }; description: string }) => [
        x.provider.memberNumber,
        x.provider.name,
        x.receiver.name,
        x.description
      ]
    ),
    [
      [null, null, names[0], ''],
      [14, 'Ana Roca', names[0], '=1+1']
    ]
  )

  const books = await admin.get('trial-balance')
  if (books.status === 200) assert.doesNotMatch(books.text, /"sum":\{[^}]*"balance":[^0]/)
})
