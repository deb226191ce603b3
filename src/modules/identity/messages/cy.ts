import type { Messages } from './types.ts'

export const cy: Messages = {
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
  })
}
