"""Evening a small plan out, and finding out whether its rows differ."""

from __future__ import annotations

import attrs
import numpy as np
import itertools

def evened(plan): 
    from fairloom_design.polish import Polish, Column, separate
    import os
    n=plan.families
    if n>8192: return plan
    place=np.arange(n); cell=plan._cells(place)
    parts=plan.parts_at(place,cell)
    cols=[]; labels=plan.space.labels()
    blocks={}
    for i,a in enumerate(plan.space.parts.axes):
        if i==0 and a.axis.factor=="label": continue
        cols.append(Column(str(a.axis), plan.space.codes[cell,i].astype(np.int64), len(a.names)))
    for name,w in plan.windows.items():
        p=w.part.parent
        blocks[name]= w.root_block[cell] if p is None else w.block_below(plan.windows[p],blocks[p],parts[p])
        lv=parts[name].astype(np.int64)
        g=blocks[name]*w.part.class_count+w.part.classes[lv] if w.part.children else blocks[name]
        cols.append(Column(name,np.where(lv<0,w.part.size,lv),w.part.size+1 if (lv<0).any() else w.part.size,g))
    dec=[frozenset(map(str,p)) for g in plan.space.task.independent for p in itertools.combinations(g,2)]
    po=Polish(cols,dec,plan.space.task.draws.stream("even"))
    po.run(int(os.environ.get("ROUNDS","40")))
    tab={c.name:np.where(c.levels==w.part.size,-1,c.levels).astype(np.int32) for c in cols for w in [plan.windows.get(c.name)] if w is not None}
    return attrs.evolve(plan,table=tab)
