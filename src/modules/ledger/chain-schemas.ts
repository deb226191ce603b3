import { z } from 'zod'
import { pageQuery } from '../../http/index.ts'
import type { Checkpoint, Proof } from './proof.ts'

const hash = (what: string) => z.string().describe(`${what}; SHA-256, hexadecimal`)
const text = (what: string) => z.string().describe(what)
const nullable = (what: string) => z.string().nullable().describe(what)
const instant = (what: string) => text(`${what}; UTC, to the microsecond, as it is hashed`)

export const checkpointsQuery = z.strictObject({
  ...pageQuery,
  order: z.enum(['newest', 'oldest']).default('newest').describe('Which checkpoints come first')
})

export const checkpointSchema = z
  .object({
    number: z.int().describe('Counts the checkpoints of the timebank from 1, without gaps'),
    block: z.int().describe('Block of the chain that is signed'),
    totalLeaves: z.int().describe('Transfers and changes of limits in the chain up to this block'),
    chainHash: hash('Of the block and of all before it'),
    signedAt: instant('When it was signed'),
    kid: text('Key that signed, one of `/.well-known/seal-keys.json`'),
    signature: text('Ed25519, hexadecimal')
  })
  .meta({ id: 'Checkpoint', description: "The service's signature under all that was recorded up to a block" })

/** Names of the parts of what is hashed, in its order. All that is open to both members, and then what is not. */
const openNames =
  'timebankId id recordedAt operation kind debitAccount creditAccount minutes performedOn ref groupId'.split(' ')
const sealedNames =
  'actor onBehalfOf source flags fingerprint debitVersion creditVersion debitBalance creditBalance'.split(' ')
const blockNames = 'number leaves transfers totalLeaves firstRecordedAt lastRecordedAt builtAt'.split(' ')

export const proofSchema = z
  .object({
    transfer: z.object({
      timebankId: z.uuid(),
      id: z.uuid(),
      recordedAt: instant('When it was recorded'),
      operation: z.int().describe('1 transfer, 2 hold, 3 settle, 4 release, 5 reverse'),
      kind: z.int().describe('Number of the kind in the journal'),
      debitAccount: z.int().describe('Account that gave the minutes'),
      creditAccount: z.int().describe('Account that got them'),
      minutes: z.int().describe('Moved, set aside or let go; minutes'),
      performedOn: z.iso.date().describe('When the service was given'),
      ref: nullable('What is settled, released or reversed'),
      groupId: nullable('Common to the legs that stand or fall together')
    }),
    sealed: z
      .union([
        z.object({ digest: hash('Of what is not for members') }),
        z.object({
          salt: text('Of this transfer alone, hexadecimal'),
          actor: nullable('Person who recorded it'),
          onBehalfOf: nullable('For whom, where that is somebody else'),
          source: z.int().describe('Through what it came, as a number of the journal'),
          flags: z
            .int()
            .describe(
              '1 passed the soft floor of the debited account, 2 the soft ceiling of the credited one, 4 forced'
            ),
          fingerprint: text('Of the request, a 64-bit number'),
          debitVersion: z.int().describe('Line of the debited account'),
          creditVersion: z.int().describe('Line of the credited account'),
          debitBalance: z.int().describe('Of the debited account after it; minutes'),
          creditBalance: z.int().describe('Of the credited account after it; minutes')
        })
      ])
      .describe("The rest of the journal's row: open to staff and auditors, to members only as a hash"),
    path: z
      .array(z.union([z.object({ left: hash('Neighbour') }), z.object({ right: hash('Neighbour') })]))
      .describe('From the leaf up to the root of its block'),
    block: z.object({
      number: z.int().describe('Counts the blocks of the timebank from 1'),
      leaves: z.int().describe('Leaves in it'),
      transfers: z.int().describe('How many of them are transfers'),
      totalLeaves: z.int().describe('Leaves up to and in it'),
      firstRecordedAt: instant('First transfer in it').nullable(),
      lastRecordedAt: instant('Last transfer in it').nullable(),
      builtAt: instant('When it was built'),
      previousHash: hash('Chain hash of the block before')
    }),
    checkpoint: checkpointSchema
  })
  .meta({
    id: 'TransferProof',
    description: 'That a transfer is part of what the service has signed. README: how to check it'
  })

const texts = new Set(
  'timebankId id recordedAt performedOn ref groupId actor onBehalfOf fingerprint firstRecordedAt lastRecordedAt builtAt'.split(
    ' '
  )
)

const named = (names: readonly string[], values: readonly string[]): Record<string, string | number | null> =>
  Object.fromEntries(
    names.map((name, i) => {
      const value = values[i] ?? ''
      return [name, value === '' ? null : texts.has(name) ? value : Number(value)]
    })
  )

/** A member's tells nothing of the other side that their statement does not tell. */
export const proofView = (proof: Proof, whole: boolean): z.output<typeof proofSchema> =>
  ({
    transfer: named(openNames, proof.open),
    sealed: whole
      ? { salt: proof.sealed.salt, ...named(sealedNames, proof.sealed.fields) }
      : { digest: proof.sealed.digest },
    path: proof.path,
    block: { ...named(blockNames, proof.block), previousHash: proof.previousHash },
    checkpoint: checkpointView(proof.checkpoint)
  }) as z.output<typeof proofSchema>

export const checkpointView = (checkpoint: Checkpoint): z.output<typeof checkpointSchema> => checkpoint
