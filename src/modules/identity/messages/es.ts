import type { Messages } from './types.ts'

export const es: Messages = {
  signInLink: ({ name, url, code, minutes }) => ({
    subject: 'Tu enlace para entrar en Commonhours',
    text: `Hola, ${name}:

Alguien, probablemente tú, ha pedido entrar en Commonhours con esta dirección de correo.
Abre este enlace para entrar. Sirve una sola vez, durante ${minutes} minutos:

${url}

Si en su lugar te piden un código, usa este:

${code}

Si no has sido tú, no tienes que hacer nada: nadie puede entrar sin este correo.
`
  })
}
