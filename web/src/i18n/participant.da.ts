// Det deltageren læser på telefonen (dansk).
import type { en } from './participant.en';

export const da: typeof en = {
  title: 'Min dagbog', hello: 'Hej', code: 'Din kode', today: 'I dag', yesterday: 'I går', open: 'Skal udfyldes', nothing: 'Der er ikke noget at udfylde i dag.', fillIn: 'Udfyld', done: 'Udfyldt', change: 'Se igen', day: 'dag {n}',
  save: 'Færdig', back: 'Tilbage', saved: 'Tak. Det er gemt.', savedOffline: 'Tak. Det er gemt på telefonen og sendes af sig selv, når der er netværk.', next: 'Næste', answered: '{n} af {all} besvaret', needed: 'Svar venligst på dette.', mend: 'Ret venligst det markerede.',
  waiting: 'Venter på netværk: {n}', sent: 'Alt er nået frem.', sending: 'Sender…', offline: 'Intet netværk. Du kan fortsætte: alt gemmes her.', refused: 'Kunne ikke modtages', ended: 'Dette link gælder ikke længere.', endedText: 'Bed venligst dit studiecenter om et nyt.',
  first: 'Åbn denne side én gang med netværk.', loading: 'Et øjeblik…', noLink: 'Åbn det link, som studiecentret har givet dig.', yes: 'Ja', no: 'Nej', minutes: 'minutter', clear: 'Ryd', none: 'ingen', pick: 'Vælg fra 0 til 10', low: 'ingen', high: 'værst', install: 'Vil du bruge siden som en app: åbn browserens menu, og vælg "Føj til startskærm".',
  language: 'Sprog', range: 'Fra {low} til {high}, tak.', number: 'Skriv venligst et tal.', date: 'Skriv venligst datoen som 2026-11-28.', questionnaires: 'Spørgeskemaer', earlier: 'Tidligere dage', state_kept: 'modtaget', state_waiting: 'på telefonen', state_refused: 'ikke modtaget', until: 'til {date}', contact: 'Spørgsmål?', less: 'mindre', more: 'mere',
};
