/**
 * Headers that brokers give the columns of their member lists: English, Welsh, Spanish, Catalan, Galician, Basque,
 * French, German, Portuguese, Italian and Dutch. Compared without case, accents and punctuation.
 */
const texts = {
  number: `Member No|Member number|Member no|Membership number|Membership no|Member ID|Member code|ID|No|Nr|Num|N|Code
    Number|Rhif|Rhif aelod|Rhif yr aelod|Número|Nº|N.º|Núm|Núm soci|Número de socio|Nº socio|Número de miembro
    Nº de socio|Código|Codi|Número de soci|Núm de soci|Nº de soci|Número de sòcia|Kide zenbakia|Zenbakia|Numéro
    N°|Numéro d adhérent|N° adhérent|N° de membre|Numéro de membre|Mitgliedsnummer|Mitglieds-Nr|Mitglied Nr
    Nummer|Número de sócio|Nº de sócio|N.º de sócio|Número de membro|Numero|Numero socio|Tessera|Lidnummer|Lidnr
    Kodea`,
  firstName: `First name|Firstname|Forename|Given name|Christian name|Enw cyntaf|Nombre|Nom de pila|Prénom|Vorname
    Primeiro nome|Nome próprio|Voornaam|Izena`,
  surname: `Surname|Last name|Lastname|Family name|Cyfenw|Enw olaf|Apellidos|Apellido|Cognoms|Cognom|Apelidos|Apelido
    Abizenak|Abizena|Nom de famille|Nachname|Familienname|Sobrenome|Cognome|Achternaam`,
  email: `E-mail|Email|E-mail address|Mail|E-bost|Ebost|Cyfeiriad e-bost|Correo|Correo electrónico|Correu
    Correu electrònic|Eposta|E-posta|Posta elektronikoa|Courriel|Adresse email|Adresse e-mail
    Adresse électronique|E-Mail-Adresse|Correio eletrónico|Correio electrónico|Posta elettronica|E-mailadres`,
  phone: `Mobile|Mobile phone|Mobile number|Cell|Phone|Phone number|Telephone|Tel|Ffôn symudol|Symudol|Ffôn|Rhif ffôn
    Móvil|Teléfono móvil|Teléfono|Mòbil|Telèfon mòbil|Telèfon|Móbil|Mugikorra|Telefonoa|Portable|Téléphone
    Téléphone portable|Handy|Handynummer|Mobil|Mobiltelefon|Telefon|Telefonnummer|Telemóvel|Telefone|Celular
    Cellulare|Telefono|Mobiel|Telefoon|Telefoonnummer`,
  postcode: `Postcode|Post code|Postal code|Zip|Zip code|Cod post|Côd post|Código postal|C.P.|CP|Codi postal|Posta kodea
    Code postal|PLZ|Postleitzahl|CAP`,
  dateOfBirth: `Date of birth|DOB|D.O.B.|Birth date|Birthdate|Birthday|Born|Dyddiad geni|Fecha de nacimiento|Nacimiento
    Data de naixement|Naixement|Data de nacemento|Jaioteguna|Jaiotze data|Date de naissance|Né(e) le
    Geburtsdatum|Geboren|Data de nascimento|Nascimento|Data di nascita|Geboortedatum`,
  joined: `Joined|Date joined|Join date|Joining date|Joined on|Member since|Ymunodd|Dyddiad ymuno|Alta|Fecha de alta
    Fecha alta|Fecha de ingreso|Data d alta|Data alta|Data de alta|Alta data|Date d adhésion|Date d inscription
    Inscrit le|Adhésion|Beitritt|Beitrittsdatum|Eintritt|Eintrittsdatum|Mitglied seit|Data de adesão
    Data de inscrição|Data di iscrizione|Iscrizione|Lid sinds|Creado|Creat|Created`,
  skills: `Skills offered|Skills|Offers|Offer|Offered|Gifts|Talents|Can offer|Sgiliau|Sgiliau a gynigir|Cynigion
    Yn cynnig|Habilidades|Habilidades ofrecidas|Ofertas|Ofrece|Habilitats|Habilitats ofertes|Ofertes|Ofereix
    Ofereixo|Eskaintzak|Eskaintzen du|Compétences|Compétences proposées|Offres|Propose|Fähigkeiten|Angebote
    Bietet|Kann anbieten|Competências|Oferece|Competenze|Offerte|Vaardigheden|Aanbod`,
  needs: `Needs|Requests|Wants|Wanted|Help wanted|Anghenion|Ceisiadau|Necesidades|Demandas|Necesita|Solicita
    Necessitats|Demandes|Necessita|Eskaerak|Beharrak|Besoins|Recherche|Bedarf|Bedürfnisse|Gesuche|Sucht
    Necessidades|Precisa|Bisogni|Richieste|Behoeften|Vraag`,
  balance: `Hours (balance)|Hours|Balance|Hours balance|Balance (hours)|Time balance|Time credits|Credits|Oriau
    Oriau (balans)|Balans|Balans (oriau)|Gweddill|Horas|Horas (saldo)|Saldo|Saldo (horas)|Saldo de horas|Hores
    Hores (saldo)|Saldo (hores)|Saldo d hores|Balanç|Orduak|Orduak (saldoa)|Saldoa|Balantzea|Heures
    Heures (solde)|Solde|Solde (heures)|Solde d heures|Stunden|Stunden (Saldo)|Saldo (Stunden)|Stundensaldo
    Guthaben|Kontostand|Balanço|Ore|Ore (saldo)|Saldo (ore)|Saldo ore|Uren|Uren (saldo)|Saldo (uren)`,
  name: `Name|Full name|Member|Member name|Enw|Enw llawn|Nombre completo|Nombre y apellidos|Nom complet|Nom i cognoms
    Izen-abizenak|Nom et prénom|Nom|Nome|Nome completo|Vollständiger Name|Naam`,
  otherPhone: `Other phone|Alternative phone|Second phone|Home phone|Landline|Phone 2|Ffôn cartref|Teléfono fijo
    Teléfono alternativo|Otro teléfono|Telèfon fix|Telèfon alternatiu|Téléphone fixe|Festnetz|Telefone fixo
    Telefono fisso|Mobile|Mobile phone|Mobile number|Cell|Phone|Phone number|Telephone|Tel|Ffôn symudol|Symudol
    Ffôn|Rhif ffôn|Móvil|Teléfono móvil|Teléfono|Mòbil|Telèfon mòbil|Telèfon|Móbil|Mugikorra|Telefonoa|Portable
    Téléphone|Téléphone portable|Handy|Handynummer|Mobil|Mobiltelefon|Telefon|Telefonnummer|Telemóvel|Telefone
    Celular|Cellulare|Telefono|Mobiel|Telefoon|Telefoonnummer`,
  language: `Language|Iaith|Idioma|Llengua|Hizkuntza|Langue|Sprache|Língua|Lingua|Taal|Locale`,
  status: `Status|State|Statws|Estado|Estat|Egoera|Statut|Stato`
} as const

export type SpreadsheetKey = keyof typeof texts

export const spreadsheetHeaders = (key: SpreadsheetKey): string[] =>
  texts[key].split(/[|\n]/).map((text) => text.trim())
