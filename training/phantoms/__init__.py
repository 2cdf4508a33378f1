"""Synthetic lesions in synthetic breasts, for demonstrations and tests; never clinical evidence.

`plan_cohort` or `plan_paper_cohort` say what to make, `write_planned_cohort` makes it; `random_mass` and `phantom_view`
are the single steps.
"""

from training.phantoms.cohort import PHANTOMS, write_phantom_cohort, write_planned_cohort, write_unseen_phantom
from training.phantoms.formats import PhantomFormat
from training.phantoms.mass import PhantomMass, random_mass
from training.phantoms.plan import PlannedLesion, plan_cohort, plan_paper_cohort
from training.phantoms.projection import View
from training.phantoms.view import PhantomView, phantom_view

__all__ = [
    "PHANTOMS",
    "PhantomFormat",
    "PhantomMass",
    "PhantomView",
    "PlannedLesion",
    "View",
    "phantom_view",
    "plan_cohort",
    "plan_paper_cohort",
    "random_mass",
    "write_phantom_cohort",
    "write_planned_cohort",
    "write_unseen_phantom",
]
