export { countWrongSecret } from './guesses.ts'
export { type Bearer, type Identity, makeIdentity } from './identity.ts'
export { accessTokenSeconds, ensureSigningKey, type Jwk, jwks, rotateSigningKey } from './keys.ts'
export { askForLink, redeemLink } from './links.ts'
export { ownKey } from './own-keys.ts'
export { changePassword, setPassword } from './passwords.ts'
export {
  createPerson,
  findOrCreatePersonByEmail,
  findOrCreatePersons,
  foldEmail,
  getPerson,
  giveLogin,
  isEmail,
  makeOperator,
  type Person,
  updatePerson
} from './persons.ts'
export { sealer, sealKeys } from './seal.ts'
export { hashSecret, newSecret } from './secrets.ts'
export { beginSession, refresh, signOut, signOutEverywhere, type Tokens } from './sessions.ts'
export { ensureSetupCode, redeemSetupCode } from './setup.ts'
export { signIn } from './sign-in.ts'
export { identityCron, identityTasks, purgeExpired } from './tasks.ts'
