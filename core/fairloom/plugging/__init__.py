"""From a name in a recipe to the component behind it: installed, loaded, checked, decorated."""
