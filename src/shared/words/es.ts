import type { Words } from './types.ts'

const somebody = (who: string | null) => who ?? 'Alguien'
const about = (what: string | null) => (what === null ? '' : `: ${what}`)
const at = (when: string | null) => (when === null ? '' : ` (${when})`)
const until = (when: string | null) => (when === null ? '' : ` (vale hasta el ${when})`)

export const es: Words = {
  notices: {
    'service-request.received': () =>
      'Le preguntamos si desea algo que una entidad ha pedido pensando en usted. Mírelo y diga sí o no.',
    'circle.proposed': ({ when }) =>
      `Se le propone un círculo en el que todas las personas dan y todas reciben. Diga si le gustaría participar${when === null ? '' : `, hasta ${when}`}.`,
    'circle.going-ahead': () =>
      'Todas las personas han aceptado un círculo: sigue adelante y sus intercambios han comenzado.',
    'circle.closed': () => 'Un círculo que se le había propuesto no sigue adelante.',
    'budget.proposed': () =>
      'Se propone reservar horas en un presupuesto que le concierne. Mírelo, escriba qué le gustaría hacer con ellas y diga si está de acuerdo.',
    'budget.held': () => 'Desde ahora, otra persona lleva un presupuesto de horas que le concierne.',
    'budget.agreed': () => 'Alguien ha dado su acuerdo a un presupuesto de horas que le concierne.',
    'budget.allocated': () => 'Se han puesto horas en un presupuesto que le concierne.',
    'budget.returned': () => 'Horas de un presupuesto que le concierne han vuelto a quien las dio.',
    'budget.ended': () => 'Un presupuesto de horas que le concierne ha terminado.',
    'budget.reconciled': () => 'Un presupuesto de horas que le concierne está cerrado: se ha revisado su extracto.',
    'exchange.proposed': ({ who, what }) => `${somebody(who)} propone un intercambio${about(what)}.`,
    'exchange.agreed': ({ who, what }) => `${somebody(who)} ha aceptado un intercambio${about(what)}.`,
    'exchange.approved': ({ what }) => `Un gestor ha dado paso a un intercambio${about(what)}.`,
    'exchange.declined': ({ what }) => `Un intercambio no tendrá lugar${about(what)}.`,
    'exchange.cancelled': ({ what }) => `Se ha cancelado un intercambio${about(what)}.`,
    'exchange.reported': ({ who, what }) =>
      `${somebody(who)} indica que un intercambio ha tenido lugar${about(what)}. Confírmelo, o diga si fue de otro modo.`,
    'exchange.confirmed': ({ who, what }) => `${somebody(who)} ha confirmado un intercambio${about(what)}.`,
    'exchange.auto-confirmed': ({ what }) =>
      `Un intercambio cuenta como confirmado, ya que nadie ha respondido${about(what)}.`,
    'exchange.recorded': ({ what }) => `Un gestor ha anotado un intercambio suyo${about(what)}.`,
    'exchange.settled': ({ what }) => `Se han movido las horas de un intercambio${about(what)}.`,
    'exchange.disputed': ({ who, what }) =>
      `${somebody(who)} dice que un intercambio fue de otro modo${about(what)}. Un gestor lo mirará.`,
    'exchange.reversed': ({ what }) => `Se ha anulado un intercambio${about(what)}.`,
    'arrangement.proposed': ({ who, what }) => `${somebody(who)} propone que se encuentren${about(what)}.`,
    'arrangement.begun': ({ what }) => `Un gestor ha creado un grupo que usted dirige${about(what)}.`,
    'arrangement.agreed': ({ who, what }) => `${somebody(who)} ha aceptado que se encuentren${about(what)}.`,
    'arrangement.approved': ({ what }) => `Un gestor ha dado paso a un acuerdo${about(what)}.`,
    'arrangement.declined': ({ what }) => `Un acuerdo no tendrá lugar${about(what)}.`,
    'arrangement.changed': ({ what }) => `Un acuerdo suyo ha cambiado${about(what)}. Mire sus fechas.`,
    'arrangement.cancelled': ({ what }) => `Se ha cancelado un acuerdo${about(what)}.`,
    'arrangement.ended': ({ what }) => `Un acuerdo ha terminado${about(what)}.`,
    'arrangement.registered': ({ what }) => `Un gestor le ha inscrito en un grupo${about(what)}.`,
    'arrangement.place-given': ({ what }) => `Ha quedado libre una plaza, y es suya${about(what)}.`,
    'session.changed': ({ what, when }) => `Una sesión tiene otra hora o lugar${about(what)}${at(when)}.`,
    'session.skipped': ({ what, when }) => `Una sesión no tendrá lugar${about(what)}${at(when)}.`,
    'session.restored': ({ what, when }) => `Una sesión tiene lugar después de todo${about(what)}${at(when)}.`,
    'session.no-show': ({ what, when }) =>
      `Se anotó que alguien no acudió a una sesión${about(what)}${at(when)}. Díganos si fue de otro modo.`,
    'session.reminder': ({ what, when }) => `Se acerca una sesión${about(what)}${at(when)}.`,
    'appointment.set': ({ what, when }) => `Se ha fijado cuándo y dónde es un intercambio${about(what)}${at(when)}.`,
    'appointment.removed': ({ what }) => `Un intercambio ya no tiene hora fija${about(what)}.`,
    'appointment.reminder': ({ what, when }) => `Se acerca un intercambio${about(what)}${at(when)}.`,
    'exchange.changed': ({ who, what }) =>
      `${somebody(who)} ha cambiado la propuesta de un intercambio${about(what)}. Respóndala tal como está ahora.`,
    'exchange.accepted': ({ who, what }) =>
      `${somebody(who)} acepta el tiempo tal como usted lo vio, y las horas se han movido${about(what)}.`,
    'exchange.kept': ({ what }) =>
      `Un gestor ha decidido que un intercambio queda como se había indicado${about(what)}.`,
    'exchange.corrected': ({ what }) =>
      `Un gestor ha corregido un intercambio: otra anotación ocupa su lugar${about(what)}.`,
    'exchange.no-show': ({ what }) => `Se ha cerrado un intercambio, ya que una de las partes no acudió${about(what)}.`,
    'exchange.queried': ({ what }) => `Hay una pregunta sobre un intercambio suyo${about(what)}.`,
    'exchange.answered': ({ what }) => `Se ha respondido a una pregunta sobre un intercambio suyo${about(what)}.`,
    'offer.expiring': ({ what, when }) =>
      `Una oferta suya termina pronto${about(what)}${until(when)}. Para mantenerla, póngale una fecha posterior.`,
    'request.expiring': ({ what, when }) =>
      `Una petición suya termina pronto${about(what)}${until(when)}. Para mantenerla, póngale una fecha posterior.`,
    'conversation.message': ({ who, what }) => `${somebody(who)} le ha escrito${about(what)}.`,
    'conversation.invited': ({ who, what }) =>
      `${somebody(who)} desea que participe como gestor en una conversación${about(what)}.`,
    'conversation.broker-added': ({ what }) =>
      `Un gestor participa desde ahora en una conversación suya, como deseaba uno de ustedes${about(what)}.`,
    'conversation.shown': ({ what }) =>
      `Alguien con quien se escribía ha mostrado lo escrito a los gestores, y lo han mirado${about(what)}.`,
    'conversation.report-closed': ({ what }) => `Un gestor se ha ocupado de lo que usted comunicó${about(what)}.`,
    'support.proposed': ({ who }) => `${somebody(who)} quisiera que usted le apoyara. Diga, por favor, si le gustaría.`,
    'support.noted': ({ who }) => `Quien coordina ha pedido en su nombre a ${somebody(who)} que le apoye.`,
    'support.entered': ({ who }) =>
      `Quien coordina ha anotado una persona tutora (${somebody(who)}). Si debe ser de otro modo, dígaselo, por favor.`,
    'support.accepted': ({ who }) => `${somebody(who)} le apoya a partir de ahora.`,
    'support.changed': ({ who }) => `Ha cambiado lo que puede hacerse entre usted y ${somebody(who)} como apoyo.`,
    'support.revoked': ({ who }) => `Se ha retirado el apoyo entre usted y ${somebody(who)}.`,
    'support.ended': ({ who }) => `Ha terminado el apoyo entre usted y ${somebody(who)}.`,
    'support.expired': ({ who }) => `Ha vencido el plazo del apoyo entre usted y ${somebody(who)}.`,
    'consent.given': ({ what }) =>
      `Alguien ha anotado lo que una organización puede saber de usted o hacer${about(what)}. Puede retirarlo en cualquier momento.`,
    'consent.withdrawn': ({ what }) => `Se ha retirado lo que se permitía a una organización${about(what)}.`,
    'thanks.given': ({ who, what }) => `${somebody(who)} le da las gracias${about(what)}.`,
    'match.suggested': ({ what }) => `Un gestor sugiere a alguien para su petición${about(what)}.`,
    'match.proposed': ({ who, what }) => `${somebody(who)} propone que se pongan de acuerdo${about(what)}.`,
    'match.accepted': ({ who, what }) => `${somebody(who)} ha dicho que sí${about(what)}.`,
    'match.closed': ({ what }) => `Una propuesta ya no está abierta${about(what)}.`
  },
  followUps: {
    find_helper: 'Busque a alguien que pueda ayudar, o hable con la persona sobre lo que pide.',
    ask_for_answer: 'Pregunte si se ha visto el mensaje. Lo que dice queda entre las dos personas.',
    renew_offer: 'Pregunte si la oferta sigue en pie: cambie su último día o deje que termine.',
    renew_request: 'Pregunte si aún se desea la ayuda: cambie el último día o deje que la petición termine.',
    first_contact: 'Póngase en contacto con la persona recién llegada y ayude a que haga su primer intercambio.',
    talk_about_giving: 'Hable sobre lo que le gustaría dar, o si ayudarían unas horas del fondo común.',
    talk_about_asking: 'Hable sobre lo que podría pedir, o si le gustaría ceder horas a otras personas.',
    remind_to_confirm: 'Recuerde a la parte que aún no ha respondido que confirme o que diga cómo fue.',
    confirm_in_person:
      'Esto nunca se confirma con el silencio: escuche a la parte que no ha respondido y confirme en su nombre.',
    decide_dispute: 'Escuche a ambas partes y decida.',
    decide_query: 'Escuche qué no está claro en el intercambio y decida si se mantiene.',
    look_and_approve: 'Mire lo que se ha acordado y deje que siga adelante o cancélelo.',
    make_contact: 'Pregunte cómo está y qué le gustaría dar o pedir.',
    contact_then_leave:
      'Póngase en contacto una vez más. Si desea irse, o no se puede localizar a nadie, dé de baja la membresía.',
    read_report: 'Abra lo que se ha comunicado y hable con las personas afectadas.',
    contact_person: 'Hable con la persona y pregúntele si lo desea.',
    decide_service_request: 'Decida si se acepta.',
    go_on_or_end: 'Pregunte si puede seguir o cómo debe terminar.',
    look_for_help_again: 'Hace tiempo que nadie ha ayudado: busque a alguien o pregunte cómo va.'
  },
  mails: {
    greeting: (name) => `Hola, ${name}:`,
    several: (timebank, count) => `${timebank}: novedades para usted (${count})`,
    open: 'Verlo',
    more: (count) => `Hay más en su bandeja de entrada: ${count}`,
    why: (timebank) =>
      `Recibe este correo como miembro de ${timebank}. En sus ajustes puede elegir cómo y con qué frecuencia se le avisa.`,
    stop: (topics) => `No recibir más correos sobre ${topics}`,
    topics: {
      exchanges: 'intercambios',
      listings: 'sus ofertas y peticiones',
      matches: 'sugerencias para usted',
      messages: 'mensajes',
      sessions: 'citas',
      circles: 'círculos de intercambios',
      thanks: 'agradecimientos',
      support: 'quienes le apoyan y lo que las organizaciones pueden saber'
    }
  },
  unsubscribe: {
    title: 'Menos correos',
    ask: (topics) =>
      `¿Quiere dejar de recibir correos sobre ${topics}? De todos modos lo encontrará todo en su bandeja de entrada.`,
    button: 'No recibir más estos correos',
    done: (topics) => `Ya no recibirá correos sobre ${topics}. Puede cambiarlo en sus ajustes cuando quiera.`
  },
  // versión 1 de lo que la gente ha aceptado: para decirlo de otro modo, un banco de tiempo añade una versión propia
  consentWordings: {
    referral:
      'La organización que aquí se nombra nos ha pedido que ayudemos a encontrar personas y actividades para usted. Usted decide si lo hacemos y qué puede saber ella. Elige cada una de estas cosas por separado: que podamos hablar con usted sobre ello (contact); que la organización sepa cómo va (share_status), qué días participó usted y cuánto tiempo (share_attendance) y qué resultó (share_outcome); y que vea qué otras organizaciones participan, por su nombre y tipo de ayuda (see_others_involved). Puede decir que no, y a nadie se le dirá. Puede retirarlo todo o una parte en cualquier momento, tan fácilmente como lo dio, y vale desde ese instante. Puede ver quién ha mirado qué. Su respuesta no cambia nada en la ayuda a la que tiene derecho.',
    joined_up:
      'Usted tiene una página con todo lo que está en marcha a su alrededor aquí. Es suya. Usted decide si la organización que aquí se nombra puede ver su parte de ella, y qué otras organizaciones participan, por su nombre y tipo de ayuda (see_others_involved). Puede decir que no, y a nadie se le dirá. Puede retirarlo en cualquier momento, tan fácilmente como lo dio, y vale desde ese instante. Puede ver quién ha mirado qué. Su respuesta no cambia nada en la ayuda a la que tiene derecho.'
  },
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
  }),
  statement: {
    title: 'Extracto de horas',
    number: (number) => `Número de miembro ${number}`,
    account: (number) => `Cuenta ${number}`,
    period: (from, to) =>
      from !== null && to !== null
        ? `Del ${from} al ${to}`
        : from !== null
          ? `Desde el ${from}`
          : to !== null
            ? `Hasta el ${to}`
            : 'Desde el principio',
    issued: (date) => `Hecho el ${date}`,
    openingBalance: 'Saldo anterior',
    earned: 'Ganadas',
    spent: 'Gastadas',
    closingBalance: 'Saldo final',
    date: 'Fecha',
    whatAndWho: 'Qué, y con quién',
    balance: 'Saldo',
    tooManyLines: 'Hay demasiado para imprimirlo aquí. Pídanoslo, por favor.',
    noLines: 'En este tiempo no entraron ni salieron horas.',
    setAside: (hours, available) =>
      `De esto, ${hours} están reservadas para lo que se ha acordado; ${available} se pueden usar.`,
    belowZero:
      'Un saldo por debajo de cero significa que hasta ahora ha recibido más tiempo del que ha dado. Un banco de tiempo lo necesita: alguien tiene que ser el primero en recibir.',
    page: (page, pages) => `Página ${page} de ${pages}`,
    correction: (what) => `Corrección: ${what}`,
    kinds: {
      exchange: 'Intercambio',
      gift: 'Regalo',
      grant: 'Del fondo común',
      donation: 'Al fondo común',
      joining_credit: 'Crédito de bienvenida',
      opening: 'Saldo traído',
      surplus: 'Sobrante de un grupo',
      preparation: 'Tiempo de preparación',
      leaving: 'Al dejar el banco de tiempo',
      write_off: 'Saldo cancelado',
      budget_allocation: 'Presupuesto dado',
      budget_return: 'Presupuesto devuelto',
      clearing: 'Con otro banco de tiempo',
      import: 'De un sistema anterior',
      session: 'Sesión'
    },
    accounts: {
      member: 'Miembro',
      organisation: 'Organización',
      community_pot: 'Fondo común',
      budget: 'Presupuesto',
      clearing: 'Otro banco de tiempo',
      opening: 'Saldos iniciales'
    }
  },
  joinedUp: {
    kinds: {
      service_request: 'Pedido por una organización',
      exchange: 'Ayuda',
      arrangement: 'Encuentros',
      budget: 'Horas reservadas'
    },
    states: {
      asked: 'Espera su sí o su no',
      proposed: 'Propuesto, espera respuesta',
      with_broker: 'Lo está mirando el gestor',
      agreed: 'Acordado, aún no ha empezado',
      under_way: 'En marcha',
      on_hold: 'En pausa por ahora',
      to_confirm: 'Ha tenido lugar, falta confirmarlo',
      unclear: 'Se está aclarando'
    },
    attention: {
      answerWanted: (count) => (count === 1 ? 'Una cosa espera respuesta.' : `${count} cosas esperan respuesta.`),
      overlap: (category, count) => `${category}: ${count} contribuciones están abiertas al mismo tiempo.`,
      manyPeople: (count) => `Vienen ${count} personas distintas.`
    }
  },
  openReferral: {
    organization:
      'Un banco de tiempo: las personas se dan tiempo unas a otras. Una hora es una hora, la dé quien la dé, y todo el mundo tiene algo que dar.',
    service: (category, timebank) => `${category}: ayuda de miembros de ${timebank}`,
    serviceDescription: (category, timebank) =>
      `Varios miembros de ${timebank} ofrecen tiempo para esto: ${category}. Quién ayuda a quién, y cuándo, lo acuerdan entre sí, con un gestor si lo desean.`,
    fees: 'Sin dinero. Los miembros se dan tiempo: una hora recibida es una hora que se puede dar a otra persona.',
    eligibility: (timebank) =>
      `Para miembros de ${timebank}; quien quiera dar y recibir tiempo puede pedir su ingreso.`,
    application: (timebank) => `Póngase en contacto con ${timebank}, o entre como miembro.`,
    location: 'Donde se puede contactar con el banco de tiempo. La ayuda tiene lugar donde acuerden las personas.',
    taxonomy: (timebank) => `Categorías de ${timebank}`,
    taxonomyDescription: (timebank) => `Las categorías en las que los miembros de ${timebank} se dan tiempo.`
  },
  starterCategories: {
    'everyday-help': 'Ayuda cotidiana',
    shopping: 'Compras y recados',
    lifts: 'Viajes en coche',
    housework: 'Tareas del hogar',
    'small-repairs': 'Pequeñas reparaciones en casa',
    gardening: 'Jardinería',
    cooking: 'Cocina y repostería',
    sewing: 'Costura y arreglos',
    pets: 'Cuidado de mascotas',
    'forms-and-letters': 'Formularios y cartas',
    moving: 'Mudanzas y transporte',
    learning: 'Aprendizaje',
    languages: 'Idiomas y conversación',
    'computers-and-phones': 'Ordenadores y móviles',
    music: 'Música y canto',
    'arts-and-crafts': 'Arte y artesanía',
    'reading-and-numbers': 'Lectura, escritura y números',
    'work-skills': 'Habilidades para el trabajo',
    homework: 'Deberes con niños y niñas',
    prevention: 'Prevención y bienestar',
    'walking-together': 'Caminar en compañía',
    exercise: 'Ejercicio y movimiento',
    'healthy-eating': 'Alimentación saludable',
    'preventing-falls': 'Prevención de caídas en casa',
    relaxation: 'Relajación y calma',
    'peer-support': 'Apoyo entre iguales',
    caring: 'Cuidados',
    visiting: 'Visitas y compañía',
    'phone-calls': 'Llamadas amistosas',
    'going-along': 'Acompañamiento a citas',
    'bringing-meals': 'Llevar comidas',
    respite: 'Respiro para quienes cuidan',
    'personal-care': 'Cuidado personal',
    'minding-children': 'Cuidado de niños y niñas',
    environment: 'Medio ambiente',
    'community-garden': 'Huerto comunitario',
    'litter-picking': 'Recogida de basura',
    'repair-and-reuse': 'Reparación y reutilización',
    nature: 'Naturaleza y fauna',
    'saving-energy': 'Ahorro de energía en casa',
    'community-safety': 'Seguridad comunitaria',
    'looking-out': 'Vecindad que se cuida',
    'checking-in': 'Llamadas diarias de control',
    'walking-home': 'Volver a casa en compañía',
    'walking-to-school': 'Acompañar a la escuela',
    mediation: 'Mediación vecinal',
    uncategorised: 'Sin categoría'
  },
  matching: {
    reasons: {
      sameCategory: (name) => `La misma categoría: ${name}`,
      nearCategory: (name) => `Una categoría cercana: ${name}`,
      words: (list) => `Ambos textos hablan de: ${list}`,
      gifts: (list) => `Entre sus dones y habilidades: ${list}`,
      interests: (list) => `Le interesa: ${list}`,
      closeBy: 'Muy cerca',
      distance: (kilometres) => `A unos ${kilometres} km`,
      area: (name) => `En la misma zona: ${name}`,
      availability: (list) => `Momentos que convienen a ambos: ${list}`,
      language: (list) => `Un idioma en común: ${list}`,
      setting: 'Encaja el lugar',
      mode: 'Encaja la forma de hacerlo',
      settingAndMode: 'Encajan el lugar y la forma de hacerlo',
      earlier: 'Ya han tenido un intercambio juntos',
      couldGive: 'Quizá le gustaría dar',
      couldReceive: 'Ha dado mucho y podría recibir',
      recent: 'Activo recientemente'
    },
    slot: (day, part) => `${day} por la ${part}`,
    days: {
      mon: 'lunes',
      tue: 'martes',
      wed: 'miércoles',
      thu: 'jueves',
      fri: 'viernes',
      sat: 'sábado',
      sun: 'domingo'
    },
    parts: { morning: 'mañana', afternoon: 'tarde', evening: 'noche' },
    fillers:
      'ayuda ayudar ayudo necesito necesita necesitamos busco buscamos quiero querria quisiera alguien ofrezco ofrecemos puedo puede favor tiempo hora horas con para por las los una unos unas del que sobre'
  }
}
