//! What the figures beside the goals mean, in Swedish and in English.

use super::super::sheet::{self, Sheet};
use super::super::table::Language;
use super::repeats;
use crate::domain::goal::Goal;

/// The id that figures carry, and what they mean.
const DEFINITIONS: [(&str, &str, &str); 12] = [
    (
        "R9",
        "per svarande kö och den förvaltning som ärendet gällde: kontakter med en fråga dit, \
         och hanteringen av dem (samtal med parkering, och efterarbete), delad lika mellan \
         samtalets frågor; det som inte går jämnt upp hamnar på den första",
        "by answering queue and the department whose matter it was: contacts with a question \
         of it, and their handling (talk with holds, and wrap-up), split evenly between the \
         questions of a call; what is left of an uneven split goes to the first",
    ),
    (
        "R10",
        "kontakter efter sin första plats: i växeln, i en kö som ringdes direkt, eller i en kö \
         där källan inte säger hur uppringaren kom dit",
        "contacts by their first stay: at the switchboard, at a queue that was dialled \
         straight, or at a queue where the source does not say how the caller came there",
    ),
    (
        "R11",
        "samtal som växeln besvarade, efter hur de sist kopplades vidare: inte alls, efter \
         ärende, efter namn eller utan besked; ett samtal som kommer tillbaka innan en \
         kundtjänst har svarat är inget nytt samtal",
        "calls that the switchboard answered, by how they were last passed on: not at all, by \
         matter, by name, or without saying; a call that comes back before a desk has answered \
         is no call of its own",
    ),
    (
        "R12",
        "samtal till växeln och kundtjänsten som först möttes av en maskin / alla som kom in; \
         målet är 0",
        "stays at the switchboard and at desks that a machine met first / all that were \
         offered; the target is 0",
    ),
    (
        "R13",
        "besök som växeln kopplade till en kö och vars svarande kundtjänst inte kopplade \
         vidare till en annan kö, enhet eller växeln / de som besvarades; att en handläggare \
         tar över är inte att koppla vidare, obesvarat räknas i ingendera",
        "visits that the switchboard sent to a queue, whose answering desk did not send the \
         caller on to another queue, unit or the switchboard / those that were answered; taken \
         over by a case officer is not sent on, unanswered is neither",
    ),
    (
        "R14",
        "frågor som gick till en handläggare, var och en en gång efter sitt sista utfall / \
         frågor där det är känt var de löstes",
        "questions that went to a case officer, once each by their last outcome / questions of \
         which it is known where they were settled",
    ),
    (
        "callbacks",
        "löften om återuppringning som hölls innan den andra arbetsdagen efter löftet var slut \
         / (löften − de som ännu kan hållas i tid); räknas när löftet ges och hålls när en \
         människa har talat med uppringaren, inom 30 dagar",
        "promises to ring back kept by the end of the second working day after the promise / \
         (promises - those that may still be kept in time); counted at the promise; kept once \
         a person spoke with the caller, within 30 days",
    ),
    (
        "R15",
        "gånger som den som svarade kopplade en kontakt vidare / kontakter som en människa \
         besvarade",
        "times that those who answered passed a contact on / contacts in which a person \
         answered",
    ),
    (
        "R28",
        "samtal som besvarades i kundtjänst utan att någon fråga är känd / samtal som \
         besvarades i kundtjänst",
        "calls answered at a desk of which no question is known / calls answered at a desk",
    ),
    (
        "AHT",
        "(samtal med parkering + efterarbete) / besvarade samtal",
        "(talk with holds + wrap-up) / answered calls",
    ),
    (
        "SATISFACTION",
        "svar som är nöjda eller mycket nöjda / svar, som undersökningen anger dem; varje \
         formulering av frågan är en egen serie. Målet hålls mot den undersökning vars period slutar \
         sist inom rapportens",
        "answers that are satisfied or very satisfied / answers, as the survey tells them; each \
         wording of the question is a series of its own. The goal is held against the survey whose \
         period ends last within the report's",
    ),
    (
        "STAFFED",
        "Ett nummer är bemannat medan en medarbetare som svarar för det är inloggad och inte \
         pausad; ringning, samtal och efterarbete räknas som bemannat. Det räknas medan växeln \
         är öppen, eller under enhetens egna tider där den är undantagen; en enda person \
         räknas under enhetens egna tider. Tid före den första uppgiften om ett nummer, och \
         öppettid då ingen källa har hörts av längre än gränsen, är okänd: varken bemannad \
         eller obemannad. Andelen är av den tid man vet något om; hela kommunens är \
         förvaltningarnas tid sammanlagd.",
        "A number is staffed while an agent who answers for it is logged in and not paused; \
         ringing, talking and wrap-up count as staffed. Counted while the switchboard is open, \
         or by the unit's own hours where it is exempt; exactly one person is counted by the \
         unit's own hours. Time before the first report about a number, and open time in which \
         no source was heard of for longer than the limit, is unknown: neither staffed nor \
         unstaffed. The share is of the time that is known; the whole municipality's is the \
         departments' time together.",
    ),
];

/// What a figure beside the goals means, as reports say it: by its id there.
pub fn meaning(id: &str, language: Language) -> Option<&'static str> {
    let others = [("SM3w", sheet::SM3W, Goal::Sm3w.definition()), repeats::MEANING];
    let found = DEFINITIONS.into_iter().chain(others).find(|(of, ..)| *of == id);
    found.map(|(_, swedish, english)| language.pick(swedish, english))
}

impl Sheet<'_> {
    /// What the figures beside the goals mean, by their id.
    pub(in crate::report) fn definitions(&self) -> impl Iterator<Item = (String, String)> + '_ {
        DEFINITIONS
            .into_iter()
            .map(|(id, swedish, english)| (id.to_owned(), self.say(swedish, english)))
    }
}
